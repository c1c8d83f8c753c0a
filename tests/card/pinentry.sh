#!/bin/sh
# A pinentry without a person, for tests: it speaks the Assuan pinentry protocol on stdin and stdout.
#
#   pinentry.sh ANSWERS [whatever gpg-agent adds]
#
# ANSWERS is a file with one word: `cancel`, or the PIN to type. It is read at each question, so that a test can change
# its mind; a file that is not there cancels. Each question is noted in ANSWERS.log.
answers=$1

echo 'OK ready'
while IFS= read -r line; do
  case $line in
    GETPIN*)
      answer=cancel
      [ -r "$answers" ] && answer=$(cat "$answers")
      echo "GETPIN $answer" >>"$answers.log"
      if [ "$answer" = cancel ]; then
        echo 'ERR 83886179 Operation cancelled'
      else
        echo "D $answer"
        echo 'OK'
      fi
      ;;
    CONFIRM*)
      # "Please insert the card": nobody will. An `OK` here would be asked again, without end.
      echo 'CONFIRM cancel' >>"$answers.log"
      echo 'ERR 83886179 Operation cancelled'
      ;;
    'GETINFO pid'*)
      echo "D $$"
      echo 'OK'
      ;;
    'GETINFO flavor'*)
      echo 'D test'
      echo 'OK'
      ;;
    'GETINFO version'*)
      echo 'D 1.0.0'
      echo 'OK'
      ;;
    BYE*)
      echo 'OK'
      exit 0
      ;;
    *)
      # SETDESC, SETPROMPT, OPTION … need no more than this.
      echo 'OK'
      ;;
  esac
done

# What the benches share; sourced by them, with `scratch` set to a folder to throw away.

missed=0
# The highest exit code of a timed command that is an answer, and no failure of the bench.
worst=${worst:-0}

median() { sort -n | awk '{ all[NR] = $1 } END { print NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }'; }

# tell NAME SECONDS
tell() { printf '%-58s %9.3f s\n' "$1" "$2"; }

# ratio NAME SECONDS SECONDS AT_LEAST|AT_MOST WANTED: the first over the second.
ratio() {
  awk -v name="$1" -v over="$2" -v under="$3" -v way="$4" -v wanted="$5" 'BEGIN {
    times = over / under
    reached = (way == "AT_LEAST") ? times >= wanted : times <= wanted
    printf "%-58s %9.2f x  (target %s: %s)\n", name, times, wanted, reached ? "reached" : "MISSED"
    exit !reached
  }' || missed=1
}

# timed FILE COMMAND…: adds its wall clock, in seconds, to a file.
timed() {
  local file=$1
  shift
  local TIMEFORMAT='%3R' code=0
  { time "$@" >"$scratch/said" 2>&1; } 2>>"$file" || code=$?
  [ "$code" -le "$worst" ] || { cat "$scratch/said" >&2; exit 2; }
}

# load WHEN
load() { printf 'load %s: %s\n' "$1" "$(cut -d' ' -f1-3 /proc/loadavg)"; }

# size LIST: how many files a list has, which NUL bytes separate, and how large they are.
size() {
  printf '%s files, %s MiB\n' "$(tr -cd '\0' <"$1" | wc -c)" \
    "$(xargs -0 stat -c %s <"$1" | awk '{ sum += $1 } END { printf "%.0f", sum / 1048576 }')"
}

# The last line of a bench: fails where a target was missed, if that was asked for.
finish() { if [ -n "${STRICT:-}" ] && [ "$missed" -ne 0 ]; then exit 1; fi; }

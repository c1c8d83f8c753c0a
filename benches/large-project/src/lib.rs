//! Nothing: only the lockfile beside it is of interest.

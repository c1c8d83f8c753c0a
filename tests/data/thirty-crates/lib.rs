//! Nothing: the two manifests beside it name crates to fetch.

//! Files that lie, end early or never end.

//! A disk that is full is named, and once there is room the same line goes on.

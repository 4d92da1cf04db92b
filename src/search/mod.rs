//! Query to hits to entities.

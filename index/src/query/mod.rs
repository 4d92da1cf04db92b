//! The query language: text to AST to engine queries.

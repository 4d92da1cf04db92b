//! The only socket: one paced, redacting, bounded HTTP client.

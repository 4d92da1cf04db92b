//! Generator metadata: bytes in, what they claim out.

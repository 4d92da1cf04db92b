//! Civitai's public API: its JSON in every era and dialect, as entities.

//! Reports per model: figures, and their forms.

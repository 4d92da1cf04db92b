//! Whether a published file can be what metadata means.

use super::ResourceKind;

/// Whether the type of a published file suits the role that metadata gives to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does.
    Fits,
    /// The role or the type is not known.
    Unknown,
    /// It does not.
    Mismatch,
}

/// Compares a role with the site's words for the type of a model and of a file.
///
/// A VAE, ControlNet or upscaler may be one file of a version of another type.
pub fn fit(role: ResourceKind, model_kind: Option<&str>, file_kind: Option<&str>) -> Fit {
    let beside = matches!(role, ResourceKind::Vae | ResourceKind::Controlnet | ResourceKind::Upscaler);
    if beside && file_kind.is_some_and(|kind| ResourceKind::from_word(kind) == role) {
        return Fit::Fits;
    }
    match (role, model_kind.map(ResourceKind::from_word)) {
        (ResourceKind::Unknown | ResourceKind::Other, _) | (_, None | Some(ResourceKind::Unknown)) => {
            Fit::Unknown
        }
        (role, Some(kind)) if role == kind => Fit::Fits,
        _ => Fit::Mismatch,
    }
}

/// Whether files of this type hold weights at all, so that their names can name a resource.
pub fn holds_weights(file_kind: Option<&str>) -> bool {
    !file_kind.is_some_and(|kind| {
        ["config", "training data", "archive", "workflow"]
            .iter()
            .any(|other| kind.eq_ignore_ascii_case(other))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vae_inside_a_checkpoint_fits_and_a_checkpoint_is_no_lora() {
        assert_eq!(fit(ResourceKind::Vae, Some("Checkpoint"), Some("VAE")), Fit::Fits);
        assert_eq!(fit(ResourceKind::Vae, Some("Checkpoint"), Some("Model")), Fit::Mismatch);
        assert_eq!(fit(ResourceKind::Lora, Some("LoCon"), Some("Model")), Fit::Fits);
        assert_eq!(fit(ResourceKind::Lora, Some("Checkpoint"), None), Fit::Mismatch);
        assert_eq!(fit(ResourceKind::Lora, None, None), Fit::Unknown);
        assert_eq!(fit(ResourceKind::Unknown, Some("Checkpoint"), None), Fit::Unknown);
    }
}

use proptest::prelude::*;

use super::*;

const KEY: &str = "0a1b2c3d-1111-4222-8333-444455556600";

fn key() -> MediaKey {
    MediaKey::parse(KEY).expect("a key")
}

#[test]
fn every_url_of_one_media_is_one_identity() {
    let urls = [
        format!("https://image.civitai.com/account/{KEY}/original=true/{KEY}.jpeg"),
        format!("https://image.civitai.com/account/{KEY}/width=450"),
        format!("https://image.civitai.com/account/{KEY}/width=450/501.jpeg?token=x#y"),
        format!("http://imagecache.civitai.com:80/account/{KEY}/anim=false,width=450/501"),
        format!("https://IMAGE.CIVITAI.RED/account/{}/501.mp4", KEY.to_uppercase()),
        format!("https://image.civitai.com/account/{}", KEY.replace('-', "%2D")),
        format!("https://image.civitai.com/{KEY}"),
        KEY.to_owned(),
        format!("civitai-media:{KEY}"),
    ];
    for url in urls {
        assert_eq!(media_identity(&url), Some(MediaIdentity::Key(key())), "{url}");
    }
}

#[test]
fn an_account_that_looks_like_a_key_gives_way_to_the_key() {
    let other = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    assert_eq!(media_key(&format!("https://image.civitai.com/{other}/{KEY}/a.png")), Some(key()));
}

#[test]
fn a_foreign_host_is_known_by_its_canonical_url() {
    let cases = [
        ("HTTPS://Example.ORG:443/a/%41b.png?x=1#f", Some("https://example.org/a/Ab.png")),
        ("http://example.org:8080/a%2Fb c", Some("http://example.org:8080/a%2Fb%20c")),
        ("https://user:secret@example.org/x", Some("https://example.org/x")),
        ("https://image.civitai.com.evil.org/x/y", Some("https://image.civitai.com.evil.org/x/y")),
        ("ftp://example.org/x", None),
        ("data:image/png;base64,AAAA", None),
        ("not a url", None),
        ("", None),
    ];
    for (url, expected) in cases {
        assert_eq!(media_identity(url), expected.map(|url| MediaIdentity::Url(url.to_owned())), "{url}");
    }
}

#[test]
fn only_a_site_url_has_a_numeric_stem() {
    let id = |url: &str| numeric_stem(url).map(ImageId::get);
    assert_eq!(id("https://image.civitai.com/a/k/width=450/501.jpeg"), Some(501));
    assert_eq!(id("https://image.civitai.com/a/k/width=450/501"), Some(501));
    assert_eq!(id("https://image.civitai.com/a/k/width=450"), None);
    assert_eq!(id("https://image.civitai.com/a/k/width=450/5x.jpeg"), None);
    assert_eq!(id("https://image.civitai.com/a/k/.jpeg"), None);
    assert_eq!(id("https://example.org/501.jpeg"), None);
    assert_eq!(id("https://civitai.com/501.jpeg"), None);
}

#[test]
fn what_people_type_is_understood() {
    let model = ModelId::new(5).expect("an id");
    let version = VersionId::new(7).expect("an id");
    let hash = |text: &str| Target::Hash(HexHash::parse(text).expect("a hash"));
    let full = "AB".repeat(32);
    let cases = [
        ("https://civitai.com/images/123", Target::Image(ImageId::new(123).expect("an id"))),
        ("civitai.red/images/123?x=1", Target::Image(ImageId::new(123).expect("an id"))),
        ("https://civitai.com/models/5", Target::Model(model)),
        ("https://www.civitai.com/models/5/some-slug#x", Target::Model(model)),
        ("https://civitai.green/models/5/slug?a=b&modelVersionId=7#c", Target::ModelVersion(model, version)),
        ("5@7", Target::ModelVersion(model, version)),
        ("https://civitai.com/posts/9", Target::Post(PostId::new(9).expect("an id"))),
        ("https://civitai.com/api/v1/model-versions/7", Target::Version(version)),
        ("https://civitai.com/api/download/models/7?type=Model", Target::Version(version)),
        (KEY, Target::Media(key())),
        ("urn:air:sdxl:lora:civitai:5@7", Target::Air(Air { model, version: Some(version) })),
        ("civitai:5", Target::Air(Air { model, version: None })),
        (" 123 ", Target::Number(123)),
        ("12345678", Target::Number(12_345_678)),
        ("1234567a", hash("1234567a")),
        ("0xAABBCCDDEE", hash("aabbccddee")),
        (&full, hash(&full)),
        ("https://example.org/x.png?y", Target::MediaUrl("https://example.org/x.png".to_owned())),
    ];
    for (text, expected) in cases {
        assert_eq!(Target::parse(text), Some(expected), "{text}");
    }
}

#[test]
fn what_nobody_can_mean_is_refused() {
    let texts = [
        "",
        "hello",
        "/home/me/a.png",
        "abcdefa",
        "abcdefabc",
        "https://civitai.com/user/ann",
        "99999999999999999999",
    ];
    for text in texts {
        assert_eq!(Target::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(head in "(https?://)?(image\\.civitai\\.com|civitai\\.com|x)?", tail in "\\PC{0,60}") {
        let text = format!("{head}{tail}");
        let _ = Target::parse(&text);
        let _ = media_identity(&text);
        let _ = numeric_stem(&text);
    }

    #[test]
    fn a_canonical_url_is_its_own_canonical_form(path in "[a-zA-Z0-9%/ .:\u{e9}?#-]{0,40}") {
        if let Some(once) = canonical(&format!("https://example.org/{path}")) {
            let twice = canonical(&once);
            prop_assert_eq!(twice, Some(once));
        }
    }
}

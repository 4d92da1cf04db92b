//! The page of a report in a real browser: nothing is loaded, nothing overflows, no labels overlap, and all can be read.
//!
//! It needs Chromium or Chrome: `STEMMATA_BROWSER`, else the usual names. Without one it says so and is skipped, unless
//! `STEMMATA_REQUIRE_BROWSER=1`.
//!
//! A copy of the page without its policy gets a script that measures and writes what it finds into the document; that
//! copy stands in a frame of the width to be tried, as a browser's own window cannot be as narrow as a telephone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lineage_forms::bundled;

/// Writes into the frame's parent: widths, overlaps of labels, what was loaded, errors, and colours with their contrast.
const MEASURE: &str = r#"<script>
const faults = [];
addEventListener('error', e => faults.push('error: ' + e.message));
addEventListener('securitypolicyviolation', e => faults.push('policy: ' + e.blockedURI));
addEventListener('load', () => {
  const lum = c => { const v = c.match(/[\d.]+/g).slice(0, 3).map(x => { x /= 255; return x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; }); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
  const contrast = (a, b) => { const [x, y] = [lum(a), lum(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const back = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\)$|transparent/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
  const texts = [];
  let least = 99, shapes = 99;
  for (const e of document.querySelectorAll('h1, h2, h3, p, a, dt, dd, th, td, figcaption, summary, li, text')) {
    const s = getComputedStyle(e);
    if (s.display === 'none' || e.classList.contains('skip')) continue;
    const c = contrast(e.tagName === 'text' ? s.fill : s.color, back(e));
    if (c < least) least = c;
  }
  for (const e of document.querySelectorAll('.fill:not(.faint), .dot, .edge, .part')) {
    const s = getComputedStyle(e);
    shapes = Math.min(shapes, contrast(s.fill === 'none' ? s.stroke : s.fill, back(e)));
  }
  let labels = 0;
  for (const svg of document.querySelectorAll('svg[role=img]')) {
    const box = svg.getBoundingClientRect();
    const all = [...svg.querySelectorAll('text')].filter(t => getComputedStyle(t).display !== 'none').map(t => [t, t.getBoundingClientRect()]);
    labels += all.length;
    for (const [t, r] of all) if (r.left < box.left - 1 || r.right > box.right + 1) faults.push('outside: ' + t.textContent);
    for (let i = 0; i < all.length; i++) for (let j = 0; j < i; j++) {
      const [a, b] = [all[i][1], all[j][1]];
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
        faults.push('overlap: ' + all[i][0].textContent + ' | ' + all[j][0].textContent);
    }
  }
  const result = { width: innerWidth, scroll: document.documentElement.scrollWidth, labels, least, shapes, faults,
    loaded: performance.getEntriesByType('resource').map(r => r.name), dark: matchMedia('(prefers-color-scheme: dark)').matches,
    headings: [...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1]) };
  parent.postMessage(JSON.stringify(result), '*');
});
</script>"#;

/// The frame, and where its findings go.
const FRAME: &str = r#"<!DOCTYPE html><meta charset="utf-8"><body style="margin:0"><pre id="found"></pre>
<iframe src="measured.html" style="border:0;width:WIDTHpx;height:1200px"></iframe>
<script>addEventListener('message', e => { document.getElementById('found').textContent = 'BEGIN' + e.data + 'END'; });</script>"#;

/// The browser to use; `None` where there is none and none is required.
fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("STEMMATA_BROWSER").map(PathBuf::from);
    let usual = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(PathBuf::from);
    let runs = |path: &PathBuf| {
        let version =
            Command::new(path).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    };
    let found = named.into_iter().chain(usual).find(runs);
    if found.is_none() {
        assert_ne!(
            std::env::var("STEMMATA_REQUIRE_BROWSER").as_deref(),
            Ok("1"),
            "STEMMATA_REQUIRE_BROWSER=1, and there is no Chromium"
        );
        // The standard error of a test is shown only when it fails; this goes past that.
        let told =
            "\nSKIPPED: no Chromium was found, so that the page of a report was not tried in a browser\n";
        std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()).expect("stderr is open");
    }
    found
}

/// Loads the page in a frame of `width` pixels and returns what the script found.
fn measured(browser: &Path, folder: &Path, page: &str, width: u32, scheme: &str) -> Value {
    let policy = page.find("<meta http-equiv").expect("the page has a policy");
    let end = policy + page[policy..].find('>').expect("the tag ends") + 1;
    let copy = format!("{}{MEASURE}{}", &page[..policy], &page[end..]);
    fs::write(folder.join("measured.html"), copy).expect("written");
    fs::write(folder.join("frame.html"), FRAME.replace("WIDTH", &width.to_string())).expect("written");
    let dom = dump(browser, folder, "frame.html", scheme);
    let text = dom.split("BEGIN").nth(1).and_then(|rest| rest.split("END").next());
    assert!(text.is_some(), "the script found nothing: {dom:.2000}");
    let text = text.unwrap_or_default();
    serde_json::from_str(&text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        .expect("it is JSON")
}

fn dump(browser: &Path, folder: &Path, file: &str, scheme: &str) -> String {
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args(["--allow-file-access-from-files", "--virtual-time-budget=5000", "--window-size=1400,1300"])
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("file://{}", folder.join(file).display()))
        .env("HOME", folder)
        .output()
        .expect("the browser starts");
    let talk = String::from_utf8_lossy(&output.stderr);
    let console: Vec<&str> = talk.lines().filter(|line| line.contains(":CONSOLE")).collect();
    assert!(console.is_empty(), "the browser complains: {console:#?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Names that are long, wide, foreign or hostile, in a report that was read back.
fn with_hostile_names(json: &str) -> String {
    let mut report: Value = serde_json::from_str(json).expect("it is JSON");
    let evil = "</script><img src=\"https://example.org/x\" onerror=alert(1)>\"' \u{202e}gnp.exe";
    let names =
        [evil.to_owned(), "W".repeat(10_000), "مرحبا بالعالم ".repeat(9), "超长的模型名字".repeat(12)];
    report["scope"]["name"] = Value::from(evil);
    for list in ["creators", "co_used", "samplers", "versions"] {
        for (row, name) in report[list].as_array_mut().expect("a list").iter_mut().zip(&names) {
            let key = if list == "samplers" { "sampler" } else { "name" };
            row[key] = Value::from(name.as_str());
        }
    }
    for (node, name) in
        report["ancestry"]["graph"]["nodes"].as_array_mut().expect("a list").iter_mut().zip(&names)
    {
        node["title"] = Value::from(name.as_str());
        node["known"] = Value::from(false);
    }
    report.to_string()
}

#[test]
fn the_page_can_be_read_on_every_screen_in_light_and_dark_and_loads_nothing() {
    let Some(browser) = browser() else { return };
    let home = bundled();
    let print = |arguments: &[&str]| {
        let answer = home.run(&[&["lineage", "-q", "--list", "20"], arguments].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout
    };
    let json = print(&["1001", "--export-json", "-"]);
    fs::write(home.path().join("hostile.json"), with_hostile_names(&json)).expect("written");
    let pages =
        [print(&["1001", "--export-html", "-"]), print(&["--from", "hostile.json", "--export-html", "-"])];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tried = 0;
    for page in &pages {
        fs::write(folder.path().join("page.html"), page).expect("written");
        let dom = dump(&browser, folder.path(), "page.html", "1");
        assert!(dom.contains("<h1>") && !dom.contains("<script"), "the page as it is");
        // Of Blink's settings: 0 is dark, 1 is light.
        for (width, scheme) in [(1280, "1"), (360, "1"), (360, "0")] {
            let found = measured(&browser, folder.path(), page, width, scheme);
            let told = format!("{width} pixels, scheme {scheme}: {found:#}");
            assert_eq!(found["width"], width, "{told}");
            // A scroll bar of the frame takes some of its width.
            assert!(found["scroll"].as_u64() <= Some(width.into()), "the page scrolls sideways at {told}");
            assert_eq!(found["dark"], scheme == "0", "{told}");
            assert_eq!(found["faults"], Value::Array(vec![]), "{told}");
            assert_eq!(found["loaded"], Value::Array(vec![]), "{told}");
            assert!(found["labels"].as_u64() > Some(60), "{told}");
            // WCAG 2.2, 1.4.3 (text) and 1.4.11 (parts of graphics).
            assert!(found["least"].as_f64() >= Some(4.5), "{told}");
            assert!(found["shapes"].as_f64() >= Some(3.0), "{told}");
            let headings: Vec<u64> =
                found["headings"].as_array().expect("a list").iter().filter_map(Value::as_u64).collect();
            assert_eq!(headings.iter().filter(|level| **level == 1).count(), 1, "{told}");
            assert!(headings.windows(2).all(|pair| pair[1] <= pair[0] + 1), "a level is left out: {told}");
            tried += 1;
        }
    }
    assert_eq!(tried, 6);
}

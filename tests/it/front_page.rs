//! What a browser is shown that is pointed at the service.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use tests::TestDesk;

/// The values of an attribute, wherever it stands in the page.
fn values<'p>(page: &'p str, attribute: &str) -> Vec<&'p str> {
    let opening = format!(" {attribute}=\"");
    page.split(opening.as_str())
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(value, _)| value)
        .collect()
}

#[tokio::test]
async fn the_root_answers_with_a_page_that_says_where_to_go() {
    let desk = TestDesk::open().await;
    let get = async |path: &str| desk.http().get(desk.url(path)).send().await.unwrap();
    let answer = get("/").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let page = answer.text().await.unwrap();
    for place in [
        "/graphql",
        "/health/ready",
        "/metrics",
        "/log/checkpoint",
        "docs/book/src",
        "docket token create",
    ] {
        let named = |part: &str| part.contains(&format!("<code>{place}"));
        let (chinese, english) = page.split_once("<section lang=\"en\"").unwrap();
        assert!(
            named(chinese) && named(english),
            "{place} in both languages"
        );
    }
    for path in values(&page, "href") {
        // Whatever it answers, such as that nothing is sealed yet, it is there.
        let text = get(path).await.text().await.unwrap();
        assert_ne!(text, "", "{path} leads nowhere");
    }
}

#[tokio::test]
async fn the_page_runs_nothing_and_loads_nothing() {
    let desk = TestDesk::open().await;
    let answer = desk.http().get(desk.url("/")).send().await.unwrap();
    let headers = answer.headers().clone();
    let page = answer.text().await.unwrap();

    let (_, rest) = page.split_once("<style>").unwrap();
    let (style, after) = rest.split_once("</style>").unwrap();
    assert!(!after.contains("<style"), "one style sheet");
    let hash = BASE64_STANDARD.encode(Sha256::digest(style));
    assert_eq!(
        headers["content-security-policy"],
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        )
        .as_str()
    );
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["referrer-policy"], "no-referrer");

    // The policy forbids it; the page does not try either.
    for word in [
        "<script",
        "javascript:",
        "onclick",
        "onload",
        "url(",
        "@import",
        "src=",
        "<iframe",
        "<object",
        "<form",
        "://",
        "\"//",
        "http-equiv",
        "style=",
    ] {
        let found = page.to_lowercase().find(word);
        assert_eq!(found, None, "{word}");
    }
    for target in values(&page, "href") {
        assert!(target.starts_with('/'), "{target}");
    }
}

#[tokio::test]
async fn the_page_can_be_read_aloud_in_both_languages() {
    let desk = TestDesk::open().await;
    let answer = desk.http().get(desk.url("/")).send().await.unwrap();
    let page = answer.text().await.unwrap();
    assert!(page.starts_with("<!doctype html>\n<html lang=\"zh-CN\">"));
    assert!(page.contains("<title>案牍 Docket</title>"));
    assert_eq!(page.matches("<h1>").count(), 1);
    assert_eq!(page.matches("<main>").count(), 1);
    assert!(page.contains("<section lang=\"en\""));
    let ids = values(&page, "id");
    for label in values(&page, "aria-labelledby") {
        assert!(ids.contains(&label), "{label}");
    }
}

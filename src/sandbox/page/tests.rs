//! The page's files are complete: whatever one of them names, the router serves.
//! Absent on purpose: how the page behaves in a browser, which `tests/browser` drives.

use super::{FILES, router};

/// Every `/page…` address that a text loads by `src`, `href` or `import`.
fn loaded_by(text: &str) -> Vec<String> {
    text.split(['"', '\''])
        .filter(|part| part.starts_with("/page") || part.starts_with("./"))
        .map(|part| part.replacen("./", "/page/", 1))
        .filter(|path| [".js", ".css", ".svg"].iter().any(|end| path.ends_with(end)))
        .collect()
}

#[test]
fn every_file_that_the_page_loads_is_served() {
    let served: Vec<&str> = FILES.iter().map(|(path, _, _)| *path).collect();
    let wanted: Vec<String> = FILES.iter().flat_map(|(_, _, text)| loaded_by(text)).collect();
    assert!(wanted.len() > 10, "the page loads its styles and scripts: {wanted:?}");
    for path in wanted {
        assert!(served.contains(&path.as_str()), "{path} is loaded but not served");
    }
}

#[test]
fn nothing_is_loaded_from_outside_and_nothing_is_inline() {
    for (path, _, text) in FILES {
        for outside in ["src=\"http", "href=\"http", "url(http", "from \"http", "@import"] {
            assert!(!text.contains(outside), "{path} has {outside}");
        }
        for inline in [" onclick=", " onload=", " style=\"", ".innerHTML", "eval("] {
            assert!(!text.contains(inline), "{path} has {inline}, which the policy header refuses");
        }
    }
}

#[test]
fn the_routes_do_not_collide() {
    let page = router();
    assert!(page.has_routes());
}

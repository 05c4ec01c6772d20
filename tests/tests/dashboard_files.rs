//! The dashboard's files: for everyone, under every cluster, and its page for each of its routes.

use lookupd_tests::{Bindings, Edge, Request};

#[test]
fn the_page_is_served_for_every_route_of_the_dashboard() {
    // Nothing is permitted without a token; the page asks for one.
    let Some(edge) = Edge::start(&Bindings::none().with("CLUSTERS", "default,west")) else { return };
    for (target, body) in [
        ("/ui/", "the page"),
        ("/ui/app.js", "the script"),
        ("/ui/topics/t%23ephemeral", "the page"),
        ("/ui/topics?x=1", "the page"),
        ("/clusters/west/ui/", "the page"),
        ("/clusters/west/ui/app.js", "the script"),
        ("/clusters/west/ui/nodes/a:4151", "the page"),
    ] {
        let browser = |method| Request::new(method, target).header("Accept", "text/html,*/*;q=0.8");
        let answer = edge.send(&browser("GET"));
        assert_eq!((answer.status, answer.text().as_str()), (200, body), "{target}");
        assert_eq!(edge.send(&browser("HEAD")).status, 200, "{target}");
    }
    // A script of an older page would be read as one.
    assert_eq!(edge.get("/ui/gone.js").status, 404);
    for base in ["", "/clusters/west"] {
        let answer = edge.get(format!("{base}/ui"));
        assert_eq!((answer.status, answer.header("Location")), (307, Some(&*format!("{base}/ui/"))));
    }
}

#[test]
fn nothing_else_is_a_file() {
    let Some(edge) = Edge::start(&Bindings::open().with("CLUSTERS", "default,west")) else { return };
    for (method, target, status) in [
        ("GET", "/uix", 404),
        ("GET", "/UI/", 404),
        ("GET", "/clusters/north/ui/", 404),
        ("GET", "/v1/ui/", 404),
        ("POST", "/ui/", 404),
        ("OPTIONS", "/ui/", 404),
        ("DELETE", "/ui/app.js", 404),
    ] {
        let answer = edge.send(&Request::new(method, target));
        assert_eq!((answer.status, answer.message().as_str()), (status, "NOT_FOUND"), "{method} {target}");
    }
}

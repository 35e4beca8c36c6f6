//! Small ordinary pages.

use std::fmt::Write as _;

use super::Picker;
use super::words::{Layout, Server, Site};

const FONTS: &[&str] = &[
    "Georgia, serif",
    "system-ui, sans-serif",
    "Helvetica, Arial, sans-serif",
    "Verdana, sans-serif",
    "'Times New Roman', serif",
];
const COLORS: &[&str] = &["#1d3557", "#264653", "#333", "#3d405b", "#5a189a", "#6b705c", "#7f4f24"];
const WIDTHS: &[&str] = &["36em", "40em", "48em", "60rem", "720px", "860px"];

/// The page at `/`.
pub(super) fn page(title: &str, site: &Site, pick: &mut Picker<'_>) -> String {
    let (font, color, width) = (pick.from(FONTS), pick.from(COLORS), pick.from(WIDTHS));
    let main = match site.layout {
        Layout::Articles => sections(site, pick, 3, "article", "h2"),
        Layout::Cards => sections(site, pick, 4, "div class=\"card\"", "h3"),
        Layout::List => list(site, pick),
        Layout::Single => sections(site, pick, 1, "section", "h2"),
    };
    let closing = pick.from(site.closings);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n\
         body {{ font-family: {font}; max-width: {width}; margin: 2em auto; padding: 0 1em; line-height: 1.5; }}\n\
         h1, h2, h3, a {{ color: {color}; }}\n</style>\n</head>\n<body>\n\
         <header><h1>{title}</h1></header>\n<main>\n{main}</main>\n\
         <footer><p><small>{closing}</small></p></footer>\n</body>\n</html>\n"
    )
}

fn sections(site: &Site, pick: &mut Picker<'_>, count: usize, tag: &str, heading: &str) -> String {
    let name = tag.split(' ').next().unwrap_or(tag);
    let mut html = String::new();
    for (title, text) in texts(site, pick, count) {
        let _ = writeln!(html, "<{tag}>\n<{heading}>{title}</{heading}>\n<p>{text}</p>\n</{name}>");
    }
    html
}

fn list(site: &Site, pick: &mut Picker<'_>) -> String {
    let mut html = format!("<p>{}</p>\n<ul>\n", pick.from(site.sentences));
    for (title, text) in texts(site, pick, 4) {
        let _ = writeln!(html, "<li><strong>{title}.</strong> {text}</li>");
    }
    html.push_str("</ul>\n");
    html
}

/// Headings with a text each; no heading comes twice.
fn texts(site: &Site, pick: &mut Picker<'_>, count: usize) -> Vec<(&'static str, String)> {
    let first = pick.number();
    let headings = site.headings.iter().cycle().skip(first % site.headings.len());
    let mut texts = Vec::with_capacity(count);
    for heading in headings.take(count.min(site.headings.len())) {
        let from = pick.number() % site.sentences.len();
        let length = 1 + pick.number() % 3;
        let sentences: Vec<_> =
            site.sentences.iter().cycle().skip(from).take(length).copied().collect();
        texts.push((*heading, sentences.join(" ")));
    }
    texts
}

/// What a server program says when it refuses.
pub(super) fn error(kind: Server, server: &str, status: u16) -> String {
    let reason = match (status, kind) {
        (400, _) => "Bad Request",
        (403, _) => "Forbidden",
        (405, Server::Nginx) => "Not Allowed",
        (405, _) => "Method Not Allowed",
        (413, Server::Nginx) => "Request Entity Too Large",
        (413, _) => "Payload Too Large",
        (500, _) => "Internal Server Error",
        (502, _) => "Bad Gateway",
        (503, Server::Nginx) => "Service Temporarily Unavailable",
        (503, _) => "Service Unavailable",
        _ => "Not Found",
    };
    match kind {
        Server::Nginx => format!(
            "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n\
             <center><h1>{status} {reason}</h1></center>\r\n\
             <hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
        ),
        // As with `ServerSignature Off`: the signature would name host and port.
        Server::Apache => format!(
            "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n\
             <title>{status} {reason}</title>\n</head><body>\n<h1>{reason}</h1>\n\
             <p>{}</p>\n</body></html>\n",
            apache_sentence(status)
        ),
        Server::Caddy => String::new(),
    }
}

fn apache_sentence(status: u16) -> &'static str {
    match status {
        400 => "Your browser sent a request that this server could not understand.<br />\n",
        403 => "You don't have permission to access this resource.",
        405 => "The requested method is not allowed for this URL.",
        413 => {
            "The requested resource does not allow request data with this request, or the \
                amount of data provided in\nthe request exceeds the capacity limit."
        }
        500 => {
            "The server encountered an internal error or\nmisconfiguration and was unable to \
                complete\nyour request."
        }
        502 => "The proxy server received an invalid\r\nresponse from an upstream server.<br />",
        503 => {
            "The server is temporarily unable to service your\nrequest due to maintenance \
                downtime or capacity\nproblems. Please try again later."
        }
        _ => "The requested URL was not found on this server.",
    }
}

//! Lists of ordinary choices.

/// Which server program a node looks like; its error pages follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Nginx,
    Apache,
    Caddy,
}

/// What kind of site it is, and its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) layout: Layout,
    pub(super) second_words: &'static [&'static str],
    pub(super) titles: &'static [&'static str],
    pub(super) headings: &'static [&'static str],
    pub(super) sentences: &'static [&'static str],
    pub(super) closings: &'static [&'static str],
}

/// How a page is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Articles,
    Cards,
    List,
    Single,
}

pub(super) const CLIENT_PATHS: &[&str] = &[
    "/api/v{v}/upload",
    "/api/v{v}/events",
    "/api/v{v}/sync",
    "/v{v}/collect",
    "/upload/{x}",
    "/files/{x}",
    "/media/{x}",
    "/rpc/v{v}/push",
    "/app/sync",
    "/backend/{x}/data",
    "/assets/{x}/import",
    "/submit",
];

pub(super) const PEER_PATHS: &[&str] = &[
    "/api/v{v}/replicate",
    "/api/v{v}/batch",
    "/api/v{v}/ingest",
    "/v{v}/write",
    "/store/{x}",
    "/backup/{x}",
    "/internal/{x}",
    "/cache/{x}",
    "/sync/v{v}/peers",
    "/hooks/{x}",
    "/webhook/{x}",
    "/cdn/{x}/fill",
];

/// Types without a fixed beginning, which random bytes would lack.
pub(super) const CONTENT_TYPES: &[&str] = &[
    "application/octet-stream",
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-protobuf",
    "application/protobuf",
    "application/msgpack",
    "application/x-msgpack",
    "application/cbor",
];

pub(super) const SERVERS: &[(&str, Server)] = &[
    ("nginx", Server::Nginx),
    ("nginx/1.18.0 (Ubuntu)", Server::Nginx),
    ("nginx/1.22.1", Server::Nginx),
    ("nginx/1.24.0 (Ubuntu)", Server::Nginx),
    ("nginx/1.26.2", Server::Nginx),
    ("openresty", Server::Nginx),
    ("Apache", Server::Apache),
    ("Apache/2.4.52 (Ubuntu)", Server::Apache),
    ("Apache/2.4.58 (Ubuntu)", Server::Apache),
    ("Apache/2.4.62 (Debian)", Server::Apache),
    ("Caddy", Server::Caddy),
];

type Header = (&'static str, &'static str);

/// One of each list is sent, or none.
pub(super) const HEADERS: &[&[Option<Header>]] = &[
    &[None, Some(("x-content-type-options", "nosniff"))],
    &[None, None, Some(("x-frame-options", "SAMEORIGIN")), Some(("x-frame-options", "DENY"))],
    &[
        None,
        Some(("cache-control", "no-cache")),
        Some(("cache-control", "no-store")),
        Some(("cache-control", "private, max-age=0")),
    ],
    &[None, None, Some(("referrer-policy", "strict-origin-when-cross-origin"))],
    &[None, Some(("vary", "Accept-Encoding"))],
    &[None, None, None, Some(("x-xss-protection", "1; mode=block"))],
];

pub(super) const FIRST_WORDS: &[&str] = &[
    "Amber", "Birch", "Blue", "Bright", "Cedar", "Clear", "Copper", "Corner", "Early", "East",
    "Elm", "Fern", "Field", "Garden", "Green", "Harbor", "Hazel", "Hill", "Iron", "Ivy", "Lake",
    "Little", "Maple", "Meadow", "Mill", "Moss", "North", "Oak", "Old", "Open", "Orchard", "Pine",
    "Plain", "Quiet", "Rain", "River", "Rowan", "Silver", "Slate", "South", "Spring", "Stone",
    "Summer", "Valley", "West", "White", "Willow", "Winter",
];

pub(super) const SITES: &[Site] = &[
    Site {
        layout: Layout::Articles,
        second_words: &["Notes", "Journal", "Diary", "Pages", "Letters", "Walks", "Kitchen"],
        titles: &["{}", "{} – a blog", "The {}"],
        headings: &[
            "A weekend by the sea",
            "Bread, second attempt",
            "Moving the tomatoes indoors",
            "On keeping a notebook",
            "Repairing the old bicycle",
            "Soup for cold evenings",
            "The long way home",
            "Three books for the train",
            "Waiting for the first frost",
            "What the cat brought in",
        ],
        sentences: &[
            "It took longer than planned, as these things do.",
            "I had forgotten how quiet it gets once the visitors have left.",
            "The recipe is my grandmother's, with less sugar.",
            "Nothing much happened, and that was rather the point.",
            "We stopped twice, once for coffee and once for the view.",
            "More pictures when I find the cable for the camera.",
            "If you know a better way, write to me.",
            "Next time I would start a week earlier.",
        ],
        closings: &[
            "Thanks for reading.",
            "Written on a slow machine.",
            "No comments, no cookies.",
        ],
    },
    Site {
        layout: Layout::Cards,
        second_words: &["Joinery", "Studio", "Bakery", "Cycles", "Flowers", "Pottery", "Cleaning"],
        titles: &["{}", "Welcome to {}", "{} – family business since 1987"],
        headings: &[
            "About us",
            "Opening hours",
            "Services",
            "Prices",
            "How to find us",
            "Vouchers",
        ],
        sentences: &[
            "We are a small team and have worked in the neighbourhood for many years.",
            "Monday to Friday from nine to six, on Saturday until one.",
            "Ask for a quote; it costs you nothing.",
            "Please call before you come by.",
            "All work is done by hand in our own workshop.",
            "Parking is behind the house.",
            "We deliver within the city on Tuesdays and Thursdays.",
        ],
        closings: &["All rights reserved.", "Imprint and privacy on request.", "See you soon!"],
    },
    Site {
        layout: Layout::List,
        second_words: &["Docs", "Tools", "Archive", "Mirror", "Builds", "Datasets", "Reference"],
        titles: &["{}", "{} index", "{}: overview"],
        headings: &["Getting started", "Releases", "Changelog", "Configuration", "Questions"],
        sentences: &[
            "The current release is always linked from this page.",
            "Older versions are kept for two years.",
            "Checksums are published next to each file.",
            "Report mistakes to the maintainers.",
            "Access to uploads needs a token; ask the administrator.",
            "This host is rebuilt every night.",
        ],
        closings: &["Generated automatically.", "Last checked this week.", "Served as is."],
    },
    Site {
        layout: Layout::Single,
        second_words: &["Labs", "Systems", "Works", "Media", "Digital", "Software", "Hosting"],
        titles: &["{}", "{} – coming soon", "{} | under construction"],
        headings: &["We are moving", "Coming soon", "Under construction", "It works", "Hello"],
        sentences: &[
            "Our new site will be ready shortly.",
            "We are working on something and will be back soon.",
            "The application runs on this host; there is nothing to see here.",
            "Existing customers can reach us as usual.",
        ],
        closings: &["Thank you for your patience.", "Come back later.", "Stay tuned."],
    },
];

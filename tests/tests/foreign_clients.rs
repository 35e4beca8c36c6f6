//! People who have no program of ours: OpenPGP.js or gpg, and plain HTTP. They take the
//! certificates from what `conet route` says, and Bobo reads them with `conet listen`.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use conet_tests::{
    command::{Person, lines},
    world::World,
};
use serde_json::Value;
use tokio::process::Command;

/// Bobo at the command line, and what anybody can learn of him, in files.
struct Scene {
    world: World,
    bobo: Person,
    folder: PathBuf,
}

impl Scene {
    async fn new() -> Self {
        let world = World::start(4).await;
        let bobo = Person::at(&world.folder.path().join("bobo"));
        world.write_network_file(bobo.home());
        let wallet = &bobo.run(&["wallet", "new", "--name", "bobo"]).await[0];
        bobo.run(&["register", "--wallet", "bobo", "--agent", "2"]).await;

        let anybody = Person::at(&world.folder.path().join("anybody"));
        world.write_network_file(anybody.home());
        let address = wallet["address"].as_str().expect("an address");
        let route = &anybody.run(&["route", address]).await[0];
        assert_eq!(route["verified"], true);
        assert_eq!(route["agent"]["id"], 2);
        let folder = anybody.home().to_owned();
        for (name, certificate) in [
            ("bobo-v6.asc", &route["certificate"]),
            ("bobo-v4.asc", &route["certificate_v4"]),
            ("agent-v6.asc", &route["agent"]["certificate"]),
            ("agent-v4.asc", &route["agent"]["certificate_v4"]),
        ] {
            std::fs::write(folder.join(name), certificate.as_str().expect("armor"))
                .expect("a file");
        }
        Self { world, bobo, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The relay's address, as people write it.
    fn relay(&self) -> String {
        format!("http://{}", self.world.nodes[2].contact.address)
    }

    /// The next messages that Bobo sees.
    async fn bobo_reads(&self, count: usize) -> Vec<Value> {
        let count = count.to_string();
        let listen = ["listen", "--wallet", "bobo", "--count", &count, "--timeout-s", "30"];
        self.bobo.run(&listen).await
    }
}

/// Every text once, none with a sender.
fn assert_unsigned(messages: &[Value], expected: &[&str]) {
    let mut texts: Vec<_> = messages.iter().map(|m| m["text"].as_str().expect("a text")).collect();
    texts.sort_unstable();
    assert_eq!(texts, expected);
    for message in messages {
        assert_eq!((&message["from"], &message["verified"]), (&Value::Null, &Value::Bool(false)));
    }
}

async fn run(program: &str, arguments: &[&std::ffi::OsStr], home: &Path) -> Output {
    let mut command = Command::new(program);
    let output = command.args(arguments).env("GNUPGHOME", home).kill_on_drop(true).output().await;
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; run ./scripts/setup"));
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {why}");
    output
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openpgp_js_writes_to_bobo_in_both_versions() {
    let scene = Scene::new().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign/send.mjs");
    assert!(
        script.with_file_name("node_modules").exists(),
        "OpenPGP.js is missing: run ./scripts/setup"
    );
    for (version, armored, text) in [
        (6, "--binary", "a: six, binary"),
        (6, "--armored", "b: six, armored"),
        (4, "--binary", "c: four, binary"),
        (4, "--armored", "d: four, armored, and some letters: äöü 日本"),
    ] {
        let (recipient, agent, relay) = (
            scene.file(&format!("bobo-v{version}.asc")),
            scene.file(&format!("agent-v{version}.asc")),
            scene.relay(),
        );
        let arguments = [
            script.as_os_str(),
            recipient.as_os_str(),
            agent.as_os_str(),
            relay.as_ref(),
            text.as_ref(),
            armored.as_ref(),
        ];
        let output = run("node", &arguments, &scene.folder).await;
        let said = &lines(&["send.mjs"], &output)[0];
        assert_eq!(
            (&said["status"], &said["keyVersion"]),
            (&200.into(), &version.into()),
            "{said}"
        );
        assert_eq!(said["text"].as_str().map(str::trim), Some("stored"));
    }
    let expected = [
        "a: six, binary",
        "b: six, armored",
        "c: four, binary",
        "d: four, armored, and some letters: äöü 日本",
    ];
    assert_unsigned(&scene.bobo_reads(expected.len()).await, &expected);
}

/// gpg knows v4 only, and compresses by default.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gpg_and_curl_write_to_bobo() {
    let scene = Scene::new().await;
    let home = scene.file("gnupg");
    std::fs::create_dir(&home).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&home, private).unwrap();
    let long = "compressible ".repeat(5_000);
    for (number, (text, armor)) in
        [("a short text", "--no-armor"), (&long, "--no-armor"), ("in armor", "--armor")]
            .into_iter()
            .enumerate()
    {
        let file = |name: &str| scene.file(&format!("{number}.{name}"));
        let (plain, n1, n2) = (file("txt"), file("n1"), file("n2"));
        std::fs::write(&plain, text).unwrap();
        for (input, recipient, output) in [(&plain, "bobo-v4.asc", &n1), (&n1, "agent-v4.asc", &n2)]
        {
            let recipient = scene.file(recipient);
            let arguments: [&std::ffi::OsStr; 9] = [
                "--batch".as_ref(),
                "--quiet".as_ref(),
                armor.as_ref(),
                "--recipient-file".as_ref(),
                recipient.as_os_str(),
                "--output".as_ref(),
                output.as_os_str(),
                "--encrypt".as_ref(),
                input.as_os_str(),
            ];
            run("gpg", &arguments, &home).await;
        }
        let body = format!("@{}", n2.display());
        let url = format!("{}/post", scene.relay());
        let arguments = ["--silent", "--show-error", "--fail", "--data-binary", &body, &url];
        let arguments = arguments.map(AsRef::as_ref);
        let said = run("curl", &arguments, &home).await;
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "stored");
    }
    let messages = scene.bobo_reads(3).await;
    assert_unsigned(&messages, &["a short text", &long, "in armor"]);
}

/// The same as a person would: Peter writes in the open profile with our own program.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_program_speaks_the_open_profile_too() {
    let scene = Scene::new().await;
    let anybody = Person::at(&scene.folder);
    let wallet = &anybody.run(&["wallet", "new", "--name", "peter"]).await[0];
    let bobo = &scene.bobo.run(&["wallet", "show", "--name", "bobo"]).await[0];
    let to = bobo["address"].as_str().expect("an address");
    for (text, more) in [("signed, six", &[][..]), ("signed, four", &["--v4"])] {
        let open = ["send", "--wallet", "peter", "--to", to, "--text", text, "--profile", "open"];
        let sent = &anybody.run(&[&open[..], more].concat()).await[0];
        assert_eq!(sent["by_agent"], false, "only the relay says so: {sent}");
    }
    let messages = scene.bobo_reads(2).await;
    for (message, text) in messages.iter().zip(["signed, six", "signed, four"]) {
        assert_eq!((&message["from"], &message["text"]), (&wallet["address"], &text.into()));
        assert_eq!(message["verified"], true);
    }
}

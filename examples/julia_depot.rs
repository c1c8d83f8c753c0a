//! Writes a depot of Julia with 300 made-up packages, and a project whose manifest names them. `benches/julia.sh` runs it.
//!
//! The sizes of the files are those of real packages: most are small, few are large. With a second number there is a
//! registry of so many packages beside them, as an archive, the way Julia downloads it.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use countersign::ecosystem::julia::slug::slug;
use countersign::git_tree::{Algorithm, Mode, ObjectId, blob, tree};
use flate2::Compression;
use flate2::write::GzEncoder;

type Failed = Box<dyn Error + Send + Sync>;

const PACKAGES: u64 = 300;

fn main() -> Result<(), Failed> {
    let mut words = std::env::args_os().skip(1);
    let out: PathBuf = words.next().ok_or("julia_depot OUT [REGISTERED]")?.into();
    let registered: u64 = words.next().and_then(|word| word.to_str()?.parse().ok()).unwrap_or(0);
    let mut manifest = String::from("julia_version = \"1.11.2\"\nmanifest_format = \"2.0\"\n");
    let mut trees = Vec::new();
    for number in 0..PACKAGES {
        let tree = package(&out.join("depot"), number)?;
        let needs = if number < 2 { String::new() } else { format!("deps = [\"P{}\"]\n", number / 2) };
        manifest.push_str(&format!(
            "\n[[deps.P{number}]]\n{needs}git-tree-sha1 = \"{tree}\"\nuuid = \"{}\"\nversion = \"1.{number}.0\"\n",
            uuid(number)
        ));
        trees.push(tree);
    }
    write(&out.join("project/Manifest.toml"), manifest.as_bytes())?;
    if registered > 0 {
        registry(&out.join("depot/registries"), &trees, registered)?;
    }
    Ok(())
}

fn uuid(number: u64) -> String {
    format!("{:08x}-1234-5678-9abc-{number:012x}", number.wrapping_mul(0x9E37_79B9) & 0xFFFF_FFFF)
}

fn write(path: &Path, content: &[u8]) -> Result<(), Failed> {
    fs::create_dir_all(path.parent().ok_or("a path without a folder")?)?;
    Ok(fs::write(path, content)?)
}

/// Writes one package, and gives the name of its tree.
fn package(depot: &Path, number: u64) -> Result<ObjectId, Failed> {
    let mut dice = Dice(number + 1);
    let project = format!("name = \"P{number}\"\nuuid = \"{}\"\nversion = \"1.{number}.0\"\n", uuid(number));
    let mut files = vec![("Project.toml".to_owned(), project.into_bytes())];
    for file in 0..20 + dice.up_to(60) {
        let folder = ["src", "src/inner", "test", "docs/src", "ext"][dice.up_to(5) as usize];
        // One in fifty is large.
        let size = if dice.up_to(50) == 0 { 100_000 } else { 200 + dice.up_to(12_000) };
        let line = format!("{number} {file} function f(x) x + {} end\n", dice.up_to(1 << 40));
        files.push((format!("{folder}/f{file}.jl"), line.bytes().cycle().take(size as usize).collect()));
    }
    let entry = |file: &'_ (String, Vec<u8>)| (file.0.clone(), blob(Algorithm::Sha1, &file.1));
    let named: Vec<_> = files.iter().map(entry).collect();
    let tree = tree(Algorithm::Sha1, named.iter().map(|(path, id)| (path.as_str(), Mode::File, *id)));
    let slug = slug(uuid(number).parse().map_err(|_| "no UUID")?, tree.bytes(), 5);
    let folder = depot.join(format!("packages/P{number}/{slug}"));
    files.iter().try_for_each(|(path, content)| write(&folder.join(path), content))?;
    Ok(tree)
}

/// Writes a registry of so many packages, the first of which are those of the depot.
fn registry(folder: &Path, trees: &[ObjectId], registered: u64) -> Result<(), Failed> {
    let mut top = String::from("name = \"General\"\nuuid = \"23338594-aafe-5451-b93e-139f81909106\"\n\n[packages]\n");
    let mut tar = Vec::new();
    for number in 0..registered {
        let (path, uuid) = (format!("P/P{number}"), uuid(number));
        top.push_str(&format!("{uuid} = {{ name = \"P{number}\", path = \"{path}\" }}\n"));
        let about =
            format!("name = \"P{number}\"\nuuid = \"{uuid}\"\nrepo = \"https://example.org/P{number}.jl.git\"\n");
        member(&mut tar, &format!("{path}/Package.toml"), &about);
        let mut versions = String::new();
        for minor in 0..12 {
            let any = blob(Algorithm::Sha1, format!("{number} {minor}").as_bytes());
            versions.push_str(&format!("[\"0.{minor}.0\"]\ngit-tree-sha1 = \"{any}\"\n\n"));
        }
        if let Some(tree) = trees.get(number as usize) {
            versions.push_str(&format!("[\"1.{number}.0\"]\ngit-tree-sha1 = \"{tree}\"\n"));
        }
        member(&mut tar, &format!("{path}/Versions.toml"), &versions);
        for name in ["Deps.toml", "Compat.toml"] {
            member(&mut tar, &format!("{path}/{name}"), &versions.replace("git-tree-sha1", "X"));
        }
    }
    member(&mut tar, "Registry.toml", &top);
    tar.resize(tar.len() + 1_024, 0);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&tar)?;
    write(&folder.join("General.tar.gz"), &gzip.finish()?)?;
    let about = "uuid = \"23338594-aafe-5451-b93e-139f81909106\"\npath = \"General.tar.gz\"\n";
    write(&folder.join("General.toml"), about.as_bytes())
}

/// Adds a file to a tar archive.
fn member(tar: &mut Vec<u8>, path: &str, content: &str) {
    let mut block = [0_u8; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, path.as_bytes());
    put(100, b"0000644\x000000000\x000000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, b"00000000000\0        0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar.extend_from_slice(&block);
    tar.extend_from_slice(content.as_bytes());
    tar.resize(tar.len().next_multiple_of(512), 0);
}

/// The same numbers on every machine.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 20) % sides
    }
}

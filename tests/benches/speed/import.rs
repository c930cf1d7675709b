//! Taking over the history of a real desk, with the program that does it: the
//! sample as it is, and a file that is so much longer that starting up does not
//! count. What the program needs to start and stop is measured and taken off.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use event_store::DatabaseSource;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde_json::Value;
use tests::served::call;
use tokio::time::Instant;

use crate::pace::median;
use crate::report::Figure;
use crate::server::source;
use crate::yardstick::{Yardstick, beside};
use crate::{Bench, say};

const DATABASE: &str = "bench_import";
const SAMPLE: &str = "uci498_sample_500.csv.gz";

/// Measures it, where the sample is there.
pub(crate) async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let sample = bench.samples.join(SAMPLE);
    if !sample.is_file() {
        say(&format!(
            "import: left out, there is no {}",
            sample.display()
        ));
        return Ok(());
    }
    let (mut rates, mut inserts) = (Vec::new(), Vec::new());
    for round in 1..=bench.sizes.rounds {
        say(&format!("import: round {round} of {}", bench.sizes.rounds));
        inserts.push(bench.yardsticks.measure(Yardstick::Inserts).await?);
        rates.push(import(bench, &sample).await?.1);
    }
    let name = "importing the ServiceNow sample: rows";
    let beside = beside(Yardstick::Inserts, inserts);
    let figure = Figure::a_second(name, median(rates)).at_least(5_000.0);
    bench.report.add(figure.beside(beside));

    let long = lengthened(&sample, bench.directory.path(), bench.sizes.import_copies)?;
    let (rows, rate) = import(bench, &long).await?;
    let name = format!("importing {rows} rows of the same kind: rows");
    let figure = Figure::a_second(name, rate).at_least(5_000.0);
    bench.report.add(figure.beside(beside));
    Ok(())
}

/// Imports a file into a new desk; returns its rows, and how many a second
/// were taken over.
async fn import(bench: &Bench, file: &Path) -> anyhow::Result<(u64, f64)> {
    let source = source(&bench.server.create(DATABASE).await?);
    run(&["migrate"], &source).await?;
    bench.server.settle().await?;
    let (start_up, _) = run(&["migrate"], &source).await?;
    let path = file.to_str().context("the path of the sample is no text")?;
    let (took, output) = run(&["import", "servicenow-audit", path, "--json"], &source).await?;
    bench.server.remove(DATABASE).await?;

    let account: Value = serde_json::from_str(output.lines().last().unwrap_or_default())?;
    let rows = account["rowsRead"]
        .as_u64()
        .context("the import does not say how many rows it read")?;
    let refused = account["refused"].as_array().map_or(0, Vec::len);
    if refused > 0 {
        say(&format!("import: {refused} of {rows} rows were refused"));
    }
    let seconds = took.saturating_sub(start_up).as_secs_f64();
    Ok((rows, rows as f64 / seconds))
}

async fn run(arguments: &[&str], source: &DatabaseSource) -> anyhow::Result<(Duration, String)> {
    let started = Instant::now();
    let output = call("docket", arguments, source).output().await?;
    let took = started.elapsed();
    if !output.status.success() {
        bail!(
            "docket {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok((took, String::from_utf8(output.stdout)?))
}

/// The sample several times in one file, each time with other numbers.
fn lengthened(sample: &Path, directory: &Path, copies: usize) -> anyhow::Result<PathBuf> {
    let path = directory.join("long.csv.gz");
    let mut writer =
        csv::Writer::from_writer(GzEncoder::new(File::create(&path)?, Compression::fast()));
    for copy in 0..copies {
        let mut reader = csv::Reader::from_reader(MultiGzDecoder::new(File::open(sample)?));
        let headers = reader.headers()?.clone();
        let number = headers
            .iter()
            .position(|name| name == "number")
            .context("the sample has no numbers")?;
        if copy == 0 {
            writer.write_record(&headers)?;
        }
        for row in reader.records() {
            let row = row?;
            let fields = row.iter().enumerate().map(|(place, field)| {
                if place == number {
                    format!("{field}-{copy}")
                } else {
                    field.to_owned()
                }
            });
            writer.write_record(fields)?;
        }
    }
    let encoder = writer
        .into_inner()
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    encoder.finish()?.flush()?;
    Ok(path)
}

//! What whoever imports a file knows of it and the file does not say.

use std::path::PathBuf;

use chrono_tz::Tz;
use clap::{Args, ValueEnum};
use encoding_rs::Encoding;
use serde::Serialize;

use super::servicenow::encoding_named;

/// How a file is to be read where it does not say so itself.
#[derive(Debug, Clone, Default, Args)]
pub struct FileOptions {
    /// The zone of the times in the file that name none, such as
    /// `Asia/Shanghai`. Default: UTC.
    #[arg(
        long,
        value_name = "ZONE",
        value_parser = zone,
        env = "DOCKET_IMPORT_TIME_ZONE"
    )]
    pub time_zone: Option<Tz>,

    /// What comes first in dates such as `3/4/2024`. Default: what the dates
    /// of the whole file can only be; where they can be both, the import asks.
    #[arg(long, value_enum, env = "DOCKET_IMPORT_DATE_ORDER")]
    pub date_order: Option<DateOrder>,

    /// The encoding of the file: `utf-8`, `utf-16`, `gb18030` or another one.
    /// Default: what its byte order mark or its bytes show.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = encoding_named,
        env = "DOCKET_IMPORT_ENCODING"
    )]
    pub encoding: Option<&'static Encoding>,

    /// A CSV file, `word,state`, that says what other words of states mean.
    #[arg(long, value_name = "FILE", env = "DOCKET_IMPORT_STATES")]
    pub states: Option<PathBuf>,
}

/// What comes first in a date that has its year last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// The day, as in `29/2/2016`.
    DayMonth,
    /// The month, as in `2/29/2016`.
    MonthDay,
}

fn zone(name: &str) -> Result<Tz, String> {
    name.parse()
        .map_err(|_| "no time zone of this name; one is called Asia/Shanghai, or UTC".to_owned())
}

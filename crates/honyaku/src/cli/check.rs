//! `honyaku verify` and `honyaku doctor`: whether the data is right, and whether the machine is.

use super::open::{config, data_dir, installation, public_url};
use super::serve::runtime;
use super::{Outcome, say};
use crate::app;
use crate::config::Config;
use crate::contents::{self, Contents};
use crate::mailer::Mailer;
use clap::ArgMatches;
use std::path::Path;
use store::sql::Db;

/// Recomputes every balance and invariant. The exit code says whether all is well.
pub fn verify(matches: &ArgMatches) -> Outcome {
    let report = installation(matches)?.write(|tx, _| service::verify::verify(tx))?;
    let mut faults = report.faults;
    let mut read = String::new();
    if matches.get_flag("files") {
        let open = installation(matches)?;
        let contents = Contents::open(&config(matches)?, &open.desk.secret)?;
        let (count, damaged) = runtime()?.block_on(files(&open.db, &contents))?;
        read = format!(", {count} files read");
        faults.extend(damaged);
    }
    for fault in &faults {
        say(fault);
    }
    if faults.is_empty() {
        say(format_args!("all is well: {} balances and every invariant recomputed{read}", report.balances));
        return Ok(());
    }
    Err(format!("{} faults", faults.len()).into())
}

/// Reads every file that something refers to: how many they are, and what is wrong with which.
async fn files(db: &Db, contents: &Contents) -> Result<(usize, Vec<String>), store::sql::Error> {
    let (mut count, mut faults, mut last) = (0, Vec::new(), String::new());
    loop {
        let after = last.clone();
        let wanted = db.read(move |tx| store::files::wanted_after(tx, &after, 100)).await?;
        let Some(end) = wanted.last() else { return Ok((count, faults)) };
        last.clone_from(&end.digest);
        for file in wanted {
            count += 1;
            if let Err(error) = contents.fetch(&file).await {
                faults.push(error.to_string());
            }
        }
    }
}

/// Looks at settings, directory, database and clock.
pub fn doctor(matches: &ArgMatches) -> Outcome {
    let config = config(matches)?;
    let mut faults = 0;
    let mut check = |what: &str, result: Result<String, String>| match result {
        Ok(text) => say(format_args!("ok    {what}: {text}")),
        Err(text) => {
            faults += 1;
            say(format_args!("FAULT {what}: {text}"));
        }
    };
    check("settings", app::edge(&config).map(|_| "readable".to_owned()).map_err(|error| error.to_string()));
    check("public_url", reachable(&public_url(&config)));
    check("data_dir", directory(&config));
    check(
        "database",
        installation(matches)
            .map_err(|error| error.to_string())
            .and_then(|open| {
                open.write(|tx, _| service::verify::verify(tx)).map_err(|error| error.to_string())
            })
            .and_then(|report| match report.faults.len() {
                0 => Ok(format!("{} balances right", report.balances)),
                count => Err(format!("{count} faults; honyaku verify lists them")),
            }),
    );
    check("files", kept(&config));
    check("clock", clock());
    check("mail", mail(&config));
    check("tls", tls(config.text("tls.listen"), config.text("tls.cert"), config.text("tls.key")));
    if faults == 0 { Ok(()) } else { Err(format!("{faults} faults").into()) }
}

fn kept(config: &Config) -> Result<String, String> {
    let secret =
        app::secret(config, Path::new(config.text("data_dir"))).map_err(|error| error.to_string())?;
    if contents::directory(config).is_none() && config.text("files.s3_bucket").is_empty() {
        return Ok(
            "kept nowhere: set files.directory or files.s3_bucket to take files with comments".to_owned()
        );
    }
    let check = async { Contents::open(config, &secret)?.check().await };
    let runtime = runtime().map_err(|error| error.to_string())?;
    let place = contents::directory(config).map_or_else(
        || format!("bucket {}", config.text("files.s3_bucket")),
        |path| path.display().to_string(),
    );
    runtime.block_on(check).map(|()| format!("{place}: kept and had")).map_err(|error| error.to_string())
}

fn mail(config: &Config) -> Result<String, String> {
    match Mailer::new(config).map_err(|error| error.to_string())? {
        None => Ok("mail.smtp is not set: nobody gets mail".to_owned()),
        Some(mailer) => mailer.check().map(|()| "the mail server answers".to_owned()),
    }
}

fn reachable(public_url: &str) -> Result<String, String> {
    match url::Url::parse(public_url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => {
            Ok(public_url.to_owned())
        }
        _ => Err(format!("{public_url:?} is no http or https address; set public_url")),
    }
}

fn directory(config: &Config) -> Result<String, String> {
    let directory = data_dir(config);
    let shown = directory.display();
    if !directory.exists() {
        return match config.text("database") {
            "" => Err(format!("there is no directory {shown}: is --data-dir right?")),
            _ => Ok(format!("{shown} is not there yet; honyaku serve makes it")),
        };
    }
    tempfile::tempfile_in(&directory).map_err(|error| format!("{shown} is not writable: {error}"))?;
    Ok(format!("{shown} is writable"))
}

fn clock() -> Result<String, String> {
    let seconds = app::real_now().seconds();
    // Signatures carry the time; a clock that was never set refuses them all.
    if seconds > 1_700_000_000 { Ok(format!("{seconds} s since 1970")) } else { Err("is not set".into()) }
}

fn tls(listen: &str, cert: &str, key: &str) -> Result<String, String> {
    if listen.is_empty() {
        return Ok("not used".to_owned());
    }
    for file in [cert, key] {
        std::fs::metadata(file).map_err(|error| format!("{file:?}: {error}"))?;
    }
    Ok(format!("{listen}, {cert}"))
}

//! `honyaku doctor`: whether the machine and what the server relies on are as they should be.

use super::open::{
    SECRET_MARK, config, data_dir, database, existing_database, installation, public_url, unknown_variables,
};
use super::serve::runtime;
use super::{Outcome, say};
use crate::app;
use crate::config::Config;
use crate::contents::{self, Contents};
use crate::mailer::Mailer;
use clap::ArgMatches;
use store::installation::{self, Following};
use store::sql::{Options, PostgresOptions, look_at_server};

/// Looks at the settings and at everything they name.
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
    check("settings", app::check(&config).map(|()| "readable".to_owned()).map_err(|error| error.to_string()));
    check("variables", variables());
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
    check("database_replica", replica(&config).map_err(|error| error.to_string()));
    check("files", kept(&config));
    check("clock", clock());
    check("mail", mail(&config));
    check("tls", tls(config.text("tls.listen"), config.text("tls.cert"), config.text("tls.key")));
    if faults == 0 { Ok(()) } else { Err(format!("{faults} faults").into()) }
}

fn variables() -> Result<String, String> {
    match unknown_variables().as_slice() {
        [] => Ok("each is a setting's".to_owned()),
        unknown => Err(format!("no setting has {}; honyaku config --help lists them", unknown.join(", "))),
    }
}

/// A server that is none would be asked for nothing that it has, or answer with what somebody else's database holds.
fn replica(config: &Config) -> Result<String, Box<dyn std::error::Error>> {
    let (Options::Postgres(primary), Options::Postgres(serving)) =
        (existing_database(config)?, database(config, true)?)
    else {
        return Ok("not used".to_owned());
    };
    let Some(url) = serving.replica else { return Ok("not used".to_owned()) };
    let of_primary = look_at_server(&primary, |tx| installation::get(tx, SECRET_MARK))?;
    let replica = PostgresOptions { url, ..primary };
    let (follows, of_replica) = look_at_server(&replica, |tx| {
        Ok::<_, store::sql::Error>((installation::following(tx)?, installation::get(tx, SECRET_MARK)?))
    })?;
    if of_replica != of_primary {
        return Err("it holds another installation than database".into());
    }
    match follows {
        Following::Nobody => Err("it follows no other server: is it database itself?".into()),
        Following::Since { last_s } => Ok(format!("it follows; what it got last was written {last_s} s ago")),
    }
}

fn kept(config: &Config) -> Result<String, String> {
    let secret = app::known_secret(config, &data_dir(config)).map_err(|error| error.to_string())?;
    let secret = secret.ok_or("there is no secret: secret.key is not there, and secret_key is not set")?;
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

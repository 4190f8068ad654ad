//! What can be written on the command line. Flags for settings are made from the settings'
//! own list.

use super::value;
use crate::config::{SETTINGS, flag, variable};
use clap::{Arg, ArgAction, Command};

/// The whole command line.
pub fn command() -> Command {
    Command::new("honyaku")
        .about("Order human translation by API")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(settings(Command::new("serve").about("Serve the API")))
        .subcommand(settings(
            Command::new("demo").about("Serve a sandbox, ready at once; keys are printed as JSON"),
        ))
        .subcommand(settings(
            Command::new("config").about("Print the effective settings and where each comes from"),
        ))
        .subcommand(account())
        .subcommand(key())
        .subcommand(credit())
        .subcommand(glossary())
        .subcommand(callback())
        .subcommand(mail())
        .subcommand(migrate())
        .subcommand(settings(
            Command::new("backup")
                .about("Copy the embedded database and its secret while the server runs, and check the copy")
                .arg(required("to", "a new directory")),
        ))
        .subcommand(settings(
            Command::new("restore")
                .about("Put a backup into the data directory")
                .arg(required("from", "the backup's directory"))
                .arg(
                    Arg::new("replace")
                        .long("replace")
                        .action(ArgAction::SetTrue)
                        .help("move what is there aside"),
                ),
        ))
        .subcommand(
            Command::new("copy")
                .about("Move an installation to another database; a copy that was stopped goes on")
                .arg(required("from", "sqlite://PATH or postgres://…; no server may use it meanwhile"))
                .arg(required("to", "the same; empty, or what an earlier copy left unfinished"))
                .arg(optional("config", "settings file, TOML: of it only database_authorities counts"))
                .arg(optional(
                    "database-authorities",
                    "PEM file of the authorities that vouch for a PostgreSQL; empty: the machine's \
                     [database_authorities, HONYAKU_DATABASE_AUTHORITIES]",
                )),
        )
        .subcommand(settings(
            Command::new("verify").about("Recompute every balance and invariant").arg(
                Arg::new("files")
                    .long("files")
                    .action(ArgAction::SetTrue)
                    .help("read every file as well; of a backup all are read anyway"),
            ),
        ))
        .subcommand(settings(
            Command::new("doctor").about("Look for what would keep the server from working"),
        ))
}

/// Adds a flag for every setting.
fn settings(command: Command) -> Command {
    let config = Arg::new("config").long("config").value_name("FILE").help("settings file, TOML");
    SETTINGS.iter().fold(command.arg(config), |command, setting| {
        let name = flag(setting);
        let help = format!("{} [{}, {}]", setting.help, setting.name, variable(setting));
        command.arg(Arg::new(name.clone()).long(name).value_name("VALUE").help(help).hide_short_help(true))
    })
}

fn required(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).required(true).value_name("TEXT").help(help)
}

fn optional(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("TEXT").help(help)
}

fn sandbox() -> Arg {
    Arg::new("sandbox").long("sandbox").action(ArgAction::SetTrue).help("in the sandbox, not in live")
}

fn account() -> Command {
    let add = Command::new("add")
        .about("Make an account; with --email also its first person, whose password is printed")
        .arg(required("name", "the account's name"))
        .arg(optional("short-name", "a name without spaces; default: made from the name"))
        .arg(optional("currency", "USD, EUR, GBP or JPY; default USD"))
        .arg(optional("email", "the first person's address"));
    let set = Command::new("set")
        .about("Change an account's settings")
        .arg(required("account", "the account's short name"))
        .arg(optional("suspended", "1: nothing is served to it"))
        .arg(optional("auto-approve", "1: approve on delivery unless a job says otherwise"))
        .arg(optional("rating-required", "1: approving needs a rating"))
        .arg(optional(
            "review-period-hours",
            "hours until a delivered job approves itself; empty: the installation's",
        ));
    Command::new("account").about("Accounts").subcommand_required(true).subcommands([add, set].map(settings))
}

/// A key that was rotated is taken for a week at most. Source: customer-ui 8.13.
const ROTATION_HOURS_MOST: i64 = 7 * 24;

fn key() -> Command {
    let add = Command::new("add")
        .about("Make an API key pair; printed once as JSON")
        .arg(required("account", "the account's short name"))
        .arg(sandbox())
        .arg(optional("name", "what it is for"))
        .arg(
            optional("callback-url", "where its callbacks go by default")
                .value_parser(value::address_for_callbacks),
        )
        .arg(optional("test-run", "a test run's name: wipe, advance and inbox act on that run's jobs only"))
        .arg(optional("public", "bring a pair from elsewhere: its public half"))
        .arg(optional("private", "bring a pair from elsewhere: its private half"));
    let set = Command::new("set")
        .about("Change a key's settings")
        .arg(required("key", "its public half"))
        .arg(
            optional("callback-url", "where its callbacks go by default; empty: nowhere")
                .value_parser(value::address_for_callbacks),
        )
        .arg(optional("callback-encoding", "how callbacks are written").value_parser([
            "form",
            "multipart",
            "json",
        ]))
        .arg(optional("callback-all", "1: also the events that are opt-in"))
        .arg(
            optional("numbers", "the types of numbers in answers; current: as today's documents have them")
                .value_parser(["strings", "current"]),
        )
        .arg(optional("strict-ts", "1: signatures live five minutes only"))
        .arg(optional("guard-identical", "1: refuse identical forced orders within five minutes"))
        .arg(optional("test-run", "a test run's name; empty: none"))
        .arg(
            optional("addresses", "addresses it may be used from, comma-separated; empty: any")
                .value_parser(value::addresses),
        )
        .arg(
            optional("versions", "API versions it may be used with, comma-separated; empty: all")
                .value_parser(value::versions),
        )
        .arg(
            optional("spending-limit", "the most it may spend, in the account's currency; empty: no limit")
                .value_parser(value::limit),
        );
    let rotate = Command::new("rotate")
        .about("Make a pair and a callback secret that take a key's place; printed once as JSON")
        .arg(required("key", "its public half"))
        .arg(
            Arg::new("hours")
                .long("hours")
                .value_name("NUMBER")
                .default_value("24")
                .value_parser(clap::value_parser!(i64).range(0..=ROTATION_HOURS_MOST))
                .help("how long the old pair is taken beside the new one"),
        );
    let revoke = Command::new("revoke").about("End a key at once").arg(required("key", "its public half"));
    let secret = Command::new("secret")
        .about("Show the secret that a key's callbacks are signed with")
        .arg(required("key", "its public half"));
    let list = Command::new("list")
        .about("List an account's keys")
        .arg(required("account", "the account's short name"));
    Command::new("key")
        .about("API keys")
        .subcommand_required(true)
        .subcommands([add, set, rotate, revoke, secret, list].map(settings))
}

fn credit() -> Command {
    let add = Command::new("add")
        .about("Book credits that were paid; with --sandbox, test credits")
        .arg(required("account", "the account's short name"))
        .arg(required("amount", "such as 100.00, in the account's currency"))
        .arg(optional("reference", "the payment's reference; the same one is booked once only"))
        .arg(sandbox());
    Command::new("credit").about("Credits").subcommand_required(true).subcommand(settings(add))
}

fn glossary() -> Command {
    let add = Command::new("add")
        .about("Put a glossary in from a CSV file whose first row is language codes")
        .arg(required("account", "the account's short name"))
        .arg(required("file", "the CSV file"))
        .arg(sandbox());
    Command::new("glossary").about("Glossaries").subcommand_required(true).subcommand(settings(add))
}

fn callback() -> Command {
    let list = Command::new("list")
        .about("List callbacks, newest first")
        .arg(required("account", "the account's short name"))
        .arg(optional("state", "only those that are in this state").value_parser(store::deliveries::STATES))
        .arg(sandbox());
    let resend = Command::new("resend")
        .about("Send a callback again")
        .arg(required("account", "the account's short name"))
        .arg(required("id", "the callback's id, or first-last for a range"))
        .arg(sandbox());
    let resume = Command::new("resume")
        .about("Resume destinations that were paused after five days of failures, and send what they missed")
        .arg(required("account", "the account's short name"))
        .arg(optional("destination", "only this one, as https://host:443; otherwise all of the account's"))
        .arg(sandbox());
    Command::new("callback")
        .about("Callbacks")
        .subcommand_required(true)
        .subcommands([list, resend, resume].map(settings))
}

fn mail() -> Command {
    let list = Command::new("list").about("Mails that wait, were sent or were given up, the newest first");
    let test = Command::new("test").about("Send a test mail now").arg(required("to", "an address"));
    Command::new("mail").about("Mail").subcommand_required(true).subcommands([list, test].map(settings))
}

fn migrate() -> Command {
    let status = Command::new("status").about("List the database's migrations; changes nothing");
    let run = Command::new("run").about("Bring the database's tables up to date");
    Command::new("migrate")
        .about("The database's tables; a server brings them up to date by itself when it starts")
        .subcommand_required(true)
        .subcommands([status, run].map(settings))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}

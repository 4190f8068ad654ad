//! The binary: reads the command line and starts what it asks for.
#![forbid(unsafe_code)]

mod app;
mod cli;
mod config;
mod contents;
mod http;
mod mailer;
mod work;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}

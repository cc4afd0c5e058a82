//! WhatsApp messages by WhatsAble's Notifyer: registers the endpoint, routes messages and downloads media.
//!
//! ```sh
//! NOTIFYER_SECRET=everybody-knows-me cargo run --example notifyer --features axum -- serve
//! ```
//!
//! Then send messages to two teams, signed as the provider does:
//!
//! ```sh
//! deliver() {
//!     tag=$(printf %s "$1" | openssl dgst -sha256 -hmac everybody-knows-me | sed 's/.* //')
//!     curl -i http://127.0.0.1:3000/notifyer -d "$1" -H "x-webhook-signature: $tag"
//! }
//! deliver '{"phone_number":"4915550100200","recipient_name":"Ada","message_type":"text","incoming_message":true,
//!     "last_message_of_user":"Is it in stock?","user_last_message_time":1767225600,"labels":"sales"}'
//! deliver '{"phone_number":"4915550100200","recipient_name":"Ada","message_type":"location",
//!     "incoming_message":true,"user_last_message_time":1767225660,"labels":"sales, premium-inquiry"}'
//! ```
//!
//! For real deliveries, register your endpoint first. The provider shows the signing secret only once; `register`
//! prints it to standard output:
//!
//! ```text
//! export NOTIFYER_API_KEY=…      # the bearer token of the provider's dashboard
//! notifyer register https://hooks.example.com/notifyer > secret
//! NOTIFYER_SECRET=$(cat secret) notifyer serve 127.0.0.1:3000
//! notifyer list
//! notifyer disable 1205          # enable, delete
//! ```
//!
//! # Files
//!
//! * `serve.rs`: the endpoint, which routes messages by type and labels;
//! * `media.rs`: downloads media before the links expire, with any HTTP client;
//! * `client.rs`: an HTTP client, based on hyper's;
//! * `manage.rs`: the commands that manage endpoints;
//! * `api.rs`: a client of the provider's management API.

mod api;
mod client;
mod manage;
mod media;
mod serve;

use std::{error::Error, iter, path::PathBuf, process::ExitCode};

use lexopt::{Arg, Parser, ValueExt as _};
use tower_webhook::BoxError;

use self::{api::Api, client::HttpClient, media::Downloads};

const USAGE: &str = "\
notifyer serve [ADDRESS]        receive messages on ADDRESS [127.0.0.1:3000]
    --media DIRECTORY           directory for media [media]
    --media-from ORIGIN         allowed origin of media; repeatable [the base URL]
notifyer register URL           create an endpoint and print its signing secret
    --outgoing                  also deliver the messages that the business sends
notifyer list
notifyer enable ID | disable ID | delete ID

    --base-url URL              URL of the provider's API [https://api.insightssystem.com]

The signing secret is read from NOTIFYER_SECRET, the API key from NOTIFYER_API_KEY.";

/// The command line.
struct Options {
    command: Vec<String>,
    base_url: String,
    outgoing: bool,
    media: PathBuf,
    media_from: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match Options::read(Parser::from_env()) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match options.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Formats an error with its sources, because an HTTP client's own message rarely contains the cause.
fn chain(error: &(dyn Error + 'static)) -> String {
    let errors = iter::successors(Some(error), |error| (*error).source());
    errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Options {
    fn read(mut parser: Parser) -> Result<Self, lexopt::Error> {
        let mut options = Self {
            command: Vec::new(),
            base_url: "https://api.insightssystem.com".to_owned(),
            outgoing: false,
            media: "media".into(),
            media_from: Vec::new(),
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("base-url") => options.base_url = parser.value()?.string()?,
                Arg::Long("outgoing") => options.outgoing = true,
                Arg::Long("media") => options.media = parser.value()?.into(),
                Arg::Long("media-from") => options.media_from.push(parser.value()?.string()?),
                Arg::Value(word) => options.command.push(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        if options.media_from.is_empty() {
            options.media_from.push(options.base_url.clone());
        }
        let words: Vec<&str> = options.command.iter().map(String::as_str).collect();
        match words[..] {
            ["serve"] | ["serve", _] | ["register", _] | ["list"] => Ok(options),
            ["enable" | "disable" | "delete", id] if id.parse::<u64>().is_ok() => Ok(options),
            _ => Err("unknown command".into()),
        }
    }

    async fn run(self) -> Result<(), BoxError> {
        let client = HttpClient::new();
        let words: Vec<&str> = self.command.iter().map(String::as_str).collect();
        if let ["serve", ref address @ ..] = words[..] {
            let downloads = Downloads::new(client, self.media, self.media_from);
            return serve::serve(address.first().unwrap_or(&"127.0.0.1:3000"), downloads).await;
        }
        let api = Api::new(client, &self.base_url)?;
        match words[..] {
            ["register", url] => manage::register(&api, url, self.outgoing).await,
            ["enable", id] => manage::switch(&api, id.parse()?, true).await,
            ["disable", id] => manage::switch(&api, id.parse()?, false).await,
            ["delete", id] => manage::delete(&api, id.parse()?).await,
            _ => manage::list(&api).await,
        }
    }
}

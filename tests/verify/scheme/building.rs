//! Settings that a scheme refuses when it is built.

use super::*;

#[test]
fn an_invalid_scheme_is_refused_when_it_is_built() {
    let scheme = || Scheme::hmac_sha256("x-signature", Encoding::Hex);
    let sent = "`token` and `basic` do not support";
    let no_secret = "template of a plain hash does not contain `{secret}`";
    let two_key_ids = "`key_id` of `sig` cannot be combined with `kv` or with `select_by` of `key`";
    let by_key_id = || scheme().list(",").key_id_in_signature("/");
    let own_field = "must omit `form:sign`, which contains the signature";
    let cases = [
        (scheme().signs("{body"), "an unclosed brace"),
        (scheme().signs("body}"), "an unopened brace"),
        (scheme().signs("{nothing}"), "unknown placeholder `{nothing}`"),
        (scheme().signs("{header:}"), "`` is not a header name"),
        (scheme().signs("{body}{body}"), "contains the body twice"),
        (scheme().signs("{json:body}{body}"), "contains the body twice"),
        (scheme().signs("{body}.{sha256hex:body}"), "contains the body twice"),
        (scheme().signs("{ts}.{body}"), "but the scheme has no `ts`"),
        (Scheme::new(Algorithm::Sha256, "x", Encoding::Hex), no_secret),
        (Scheme::new(Algorithm::Sha512, "x", Encoding::Hex).signs("{form:a}"), no_secret),
        (
            Scheme::new(Algorithm::RsaSha256, "x", Encoding::Base64).signs("{secret}{body}"),
            "template contains `{secret}`, but the secret is a public key",
        ),
        (by_key_id().pairs("=", ["v1"]), two_key_ids),
        (by_key_id().key_id("header:x-key"), two_key_ids),
        (by_key_id().key_id_in_signature("a"), "and not a letter or digit"),
        (by_key_id().groups(" "), "`groups` requires `kv`"),
        (by_key_id().signature_in(["query:x"]), "pairs require a signature in a header"),
        (scheme().signs("{sorted_pairs:}"), "unknown placeholder `{sorted_pairs:}`"),
        (scheme().signs("{sorted_pairs:a,}"), "unknown placeholder `{sorted_pairs:a,}`"),
        (scheme().signs("{sorted_pairs}&{sorted_form}"), "contains the body twice"),
        (scheme().signature_in(["form:sign"]).signs("{sorted_pairs}"), own_field),
        (scheme().signature_in(["header:x", "form:sign"]).signs("{sorted_pairs:a,b}"), own_field),
        (scheme().signs("{url}{sorted_pairs}"), "is ambiguous"),
        (scheme().timestamp("header:x-time", TimeUnit::Seconds), "the timestamp is not signed"),
        (scheme().timestamp("field:t", TimeUnit::Seconds).signs("{header:t}{body}"), "is not signed"),
        (scheme().timestamp("query:t", TimeUnit::Seconds).signs("{method}{body}"), "is not signed"),
        (scheme().timestamp("query:t", TimeUnit::Seconds).signs("{url}{sorted_form}"), "is not signed"),
        (scheme().timestamp("body:/t", TimeUnit::Seconds).signs("{header:x}"), "is not signed"),
        (scheme().timestamp("nowhere", TimeUnit::Seconds), "location `nowhere` does not begin with"),
        (scheme().timestamp("item:first", TimeUnit::Seconds), "location `item:first` has no index"),
        (scheme().timestamp("body:no/slash", TimeUnit::Seconds), "`no/slash` is not a JSON pointer"),
        (scheme().key_id("query:"), "location `query:` has no name"),
        (scheme().id("nowhere").event_type("elsewhere").id("header:x-id"), "location `nowhere` does not"),
        (scheme().event_type(["header:x-type", "type"]), "location `type` does not begin with"),
        (Scheme::hmac_sha256("bad header", Encoding::Hex), "`bad header` is not a header name"),
        (scheme().list(", "), "separator must be one ASCII character"),
        (scheme().list("é"), "separator must be one ASCII character"),
        (scheme().list("2"), "and not a letter or digit"),
        (scheme().pairs("v", ["v1"]), "and not a letter or digit"),
        (Scheme::hmac_sha256("x", Encoding::Base64).list("/"), "occurs in the signature's encoding"),
        (Scheme::hmac_sha256("x", Encoding::Base64).list("+"), "occurs in the signature's encoding"),
        (Scheme::hmac_sha256("x", Encoding::Base64Url).list("-"), "occurs in the signature's encoding"),
        (Scheme::hmac_sha256("x", Encoding::Base64Url).list("_"), "occurs in the signature's encoding"),
        (scheme().pairs("=", []), "`kv` and `keys` must be set together"),
        (scheme().pairs("=", ["v1"]).prefer(["v2"]), "names a key that is not in `keys`"),
        (scheme().signs_by_version([("v1", "{body}")]), "require `prefer`"),
        (
            scheme().pairs("=", ["v1", "v0"]).prefer(["v1", "v0"]).signs_by_version([("v1", "{body}")]),
            "without a template",
        ),
        (scheme().signature_in(Locations::default()), "`from` is empty"),
        (scheme().signature_in(["field:x"]), "is a field or item of the signature itself"),
        (scheme().signature_in(["body:/x"]).pairs("=", ["v1"]), "require a signature in a header"),
        (
            scheme()
                .signature_in(["query:x"])
                .list(",")
                .timestamp("item:0", TimeUnit::Seconds)
                .signs("{ts}{body}"),
            "require a signature in a header",
        ),
        (
            scheme().signature_in(["header:x", "form:x"]).list(",").signs("{item:1}.{body}"),
            "require a signature in a header",
        ),
        (scheme().signature_in(["query:x"]).list(",").key_id("item:0"), "require a signature in a header"),
        (
            scheme().signature_in(["query:x"]).list(",").signs("{field:h}.{headers_named_by:h}.{body}"),
            "require a signature in a header",
        ),
        (
            scheme().list(",").pairs("=", ["v1"]).signs("{headers_named_by:h}.{body}"),
            "does not contain `{field:h}`",
        ),
        (scheme().signature_in("header:bad header"), "`bad header` is not a header name"),
        (scheme().signature_in(["x-signature"]), "location `x-signature` does not begin with"),
        (Scheme::token("x").list(","), sent),
        (Scheme::token("x").pairs("=", ["v1"]), sent),
        (Scheme::token("x").key_id_in_signature("/"), sent),
        (Scheme::token("x").timestamp("header:x-time", TimeUnit::Seconds), sent),
        (Scheme::basic().signs("{body}."), sent),
        (scheme().id("field:id"), "cannot be the location of an id"),
        (
            scheme().event_type(["header:x-type", "item:0"]),
            "`item:0` cannot be the location of an id or an event type",
        ),
        (scheme().require("x", "\n"), "is not a header value"),
        (scheme().require("x y", "1"), "`x y` is not a header name"),
    ];
    for (scheme, why) in cases {
        let error = scheme.verifier("acme", secret("secret")).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_wrongly_encoded_key_is_refused_and_not_shown() {
    for encoding in [Encoding::Hex, Encoding::Base64, Encoding::Base64Url] {
        let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).key_encoding(encoding);
        let error = scheme.verifier("acme", secret("not! encoded!")).expect_err("not encoded");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(!format!("{error} {error:?} {cause}").contains("not! encoded!"));
    }
}

#[test]
fn the_name_of_a_verifiers_provider_may_be_borrowed() {
    let scheme = Scheme::hmac_sha256("x", Encoding::Hex);
    let verifier = |name: &str| scheme.verifier(name, secret("secret")).unwrap();
    assert_eq!(verifier(&"acme".repeat(2)).profile().provider(), "acmeacme");
    let owned = scheme.verifier("acme".to_owned(), secret("secret")).unwrap();
    assert_eq!(owned.profile().provider(), "acme");
}

#[test]
fn a_secret_that_begins_or_ends_with_another_is_refused_for_a_plain_hash() {
    let scheme = Scheme::new(Algorithm::Sha256, "x", Encoding::Hex).signs("{secret}{body}");
    for other in ["secret7", "7secret"] {
        let error = scheme.verifier("acme", [secret("secret"), secret(other)]).expect_err(other).to_string();
        assert!(error.contains("begins or ends with another"), "{error}");
    }
    scheme.verifier("acme", [secret("secret"), secret("secret")]).unwrap();
    Scheme::hmac_sha256("x", Encoding::Hex).verifier("acme", [secret("secret"), secret("secret7")]).unwrap();
}

#[test]
fn a_timestamp_may_be_signed_in_any_location() {
    let scheme = |place, template| {
        Scheme::hmac_sha256("x-signature", Encoding::Hex).timestamp(place, TimeUnit::Seconds).signs(template)
    };
    for scheme in [
        scheme("header:x-time", "{ts}.{body}"),
        scheme("header:x-time", "{header:x-time}.{body}"),
        scheme("body:/time", "{body}"),
        scheme("query:time", "{url}{body}"),
        scheme("query:time", "{path_query}{body}"),
        scheme("query:time", "{query:time}{body}"),
    ] {
        scheme.verifier("acme", secret("secret")).unwrap();
    }
    // Concatenated parameters can be split so that they contain another timestamp.
    let scheme = scheme("form:time", "{sorted_form}");
    let error = scheme.verifier("acme", secret("secret")).expect_err("concatenated").to_string();
    assert!(error.contains("is not signed"), "{error}");
}

#[test]
fn a_timestamp_always_has_a_limit_in_the_future() {
    let json = json!({"alg": "hmac-sha256", "sig": {"from": "x", "enc": "hex"}, "template": "{ts}.{body}",
        "ts": {"from": "header:x-time", "unit": "ms"}});
    let scheme: Scheme = serde_json::from_value(json).unwrap();
    let tolerance = scheme.verifier("acme", secret("secret")).unwrap().profile().tolerance();
    assert_eq!((tolerance.past(), tolerance.future().as_secs()), (None, 300));
}

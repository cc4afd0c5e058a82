//! The profile of a scheme.

use super::*;

#[test]
fn the_profile_of_a_scheme_says_what_is_covered() {
    let profile = |scheme: Scheme| scheme.verifier("acme", secret("secret")).unwrap().profile().clone();
    let by = |template: &'static str| Scheme::hmac_sha256("x-signature", Encoding::Hex).signs(template);
    for (place, template, covered) in [
        ("header:x-type", "{body}", false),
        ("header:x-type", "{header:x-type}.{body}", true),
        ("query:type", "{body}", false),
        ("query:type", "{url}{body}", true),
        ("query:type", "{path_query}.{body}", true),
        ("query:type", "{query:type}.{body}", true),
        ("body:/type", "{body}", true),
        ("body:/type", "{sha256hex:body}", true),
        ("body:/type", "{body:/type}", true),
        ("body:/type", "{url}", false),
        ("form:type", "{body}", true),
        ("form:type", "{form:type}", true),
        // Sorted parameters have no separators, so they can be split in other places.
        ("form:type", "{sorted_form}", false),
        ("form:type", "{sorted_pairs}", true),
        ("form:type", "{sorted_pairs:sign}", true),
        ("form:type", "{sorted_pairs:sign,type}", false),
        ("body:/type", "{sorted_pairs}", false),
        // The end of the query can be moved into the form.
        ("query:type", "{url}{sorted_form}", false),
        ("query:type", "{path_query}{sorted_form}", false),
        ("query:type", "{url} {sorted_form}", true),
        ("query:type", "{query:type}|{url}{sorted_form}", true),
    ] {
        assert_eq!(
            profile(by(template).event_type(place)).event_type_signed(),
            covered,
            "{place} {template}"
        );
        assert_eq!(profile(by(template).id(place)).id_signed(), covered, "{place} {template}");
    }
    for (template, covered) in [
        ("{body}", true),
        ("{sha256hex:body}", true),
        ("{url}", false),
        ("{sorted_form}", false),
        ("{sorted_pairs}", false),
    ] {
        assert_eq!(profile(by(template)).body_signed(), covered, "{template}");
    }
    // All locations must be signed.
    let several = |template| profile(by(template).id(["body:/id", "header:x-id"])).id_signed();
    assert!(!several("{body}") && several("{header:x-id}.{body}"));
    assert!(profile(by("{body}").id("header:x-id").id_signed(true)).id_signed());
    let token = profile(Scheme::token("x").id("body:/id").event_type("body:/type"));
    assert!(!token.body_signed() && !token.id_signed() && !token.event_type_signed());
}

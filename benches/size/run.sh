#!/bin/sh
# Prints the clean build time and the size of an axum service: without the layer, with its default features, and with
# all features. The dependencies must have been downloaded.
set -eu
cd "$(dirname "$0")"
for features in '' layer full; do
    for profile in dev release; do
        rm -rf target
        start=$(date +%s)
        cargo build --locked --quiet --profile "$profile" --features "$features"
        seconds=$(($(date +%s) - start))
        case $profile in dev) folder=debug ;; *) folder=$profile ;; esac
        strip -o target/stripped "target/$folder/tower-webhook-size"
        crates=$(cargo tree --locked --edges normal --prefix none --features "$features" | sort -u | grep -c ' v')
        printf '%-8s %-8s %4d s  %6d KiB  %4d crates\n' "${features:-none}" "$profile" "$seconds" \
            "$(($(wc -c <target/stripped) / 1024))" "$crates"
    done
done
rm -rf target

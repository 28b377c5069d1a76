#!/bin/sh
# Writes the WordPress plugin's template for translators: wordpress_pot.sh [OUT]. Needs gettext.
set -eu
cd "$(dirname "$0")/../wordpress/ocelli-alt-text"
out=${1:-languages/ocelli-alt-text.pot}
new=$(mktemp)
words="-k__ -k_e -k_x:1,2c -k_n:1,2 -k_nx:1,2,4c -kesc_html__ -kesc_html_e -kesc_html_x:1,2c -kesc_attr__ -kesc_attr_e"
common="--from-code=UTF-8 --add-comments=translators --sort-by-file --package-name=Ocelli-Alt-Text --copyright-holder=The-Ocelli-project"
# shellcheck disable=SC2086  # several arguments
xgettext -L PHP $common -k $words -o "$new" ./*.php includes/*.php
sed -i 's/charset=CHARSET/charset=UTF-8/' "$new"
# shellcheck disable=SC2086
xgettext -L JavaScript $common -k $words -j -o "$new" assets/*.js
# Without the date, so that the file changes only where the words do.
sed -e '/^"POT-Creation-Date/d' -e 's/Ocelli-Alt-Text/Ocelli Alt Text/' -e 's/The-Ocelli-project/The Ocelli project/' "$new" > "$out"
rm "$new"

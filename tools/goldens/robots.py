#!/usr/bin/env python3
"""Writes what protego makes of robots.txt files: core/src/test/resources/goldens/robots.json.

  python tools/goldens/robots.py [core/src/test/resources/goldens/robots.json]

Needs protego (made with 0.5.0). Where RFC 9309 and protego part, the case isn't here.
"""
import json
import sys

from protego import Protego

OUT = sys.argv[1] if len(sys.argv) > 1 else "core/src/test/resources/goldens/robots.json"
PATHS = ["/", "/a", "/a/", "/a/b.jpg", "/a/b.JPG", "/A", "/images/x.jpg", "/images/x.jpg?size=2", "/images/deep/x.png", "/b?c=d", "/x$y", "/%C3%BC/a",
         "/caf%c3%a9.jpg", "/private", "/private/x", "/privateer", "/a%2Fb", "/~me/x.jpg", "/%7Eme/x.jpg"]
FILES = [
    "",
    "User-agent: *\nDisallow:\n",
    "User-agent: *\nDisallow: /\n",
    "User-agent: *\nDisallow: /private\n",
    "User-agent: *\nDisallow: /private/\n",
    "User-agent: *\nDisallow: /\nAllow: /images/\n",
    "User-agent: *\nAllow: /images/\nDisallow: /images/deep\n",
    "User-agent: *\nDisallow: /images/\nAllow: /images/\n",
    "User-agent: *\nDisallow: /*.jpg$\n",
    "User-agent: *\nDisallow: /*.jpg\n",
    "User-agent: *\nDisallow: *.png\n",
    "User-agent: *\nDisallow: /*/b\n",
    "User-agent: *\nDisallow: /*?\n",
    "User-agent: *\nDisallow: /a$\n",
    "User-agent: *\nDisallow: /%7Eme\n",
    "User-agent: *\nDisallow: /caf\u00e9\n",
    "User-agent: *\nDisallow: /\u00fc/\n",
    "User-agent: ocelli\nDisallow: /a\n\nUser-agent: *\nDisallow: /\n",
    "User-agent: *\nDisallow: /\n\nUser-agent: Ocelli\nDisallow: /images\n",
    "User-agent: otherbot\nDisallow: /\n",
    "User-agent: otherbot\nUser-agent: ocelli\nDisallow: /private\n\nUser-agent: third\nDisallow: /\n",
    "User-agent: ocelli\nDisallow: /a\n\nUser-agent: otherbot\nDisallow: /b\n\nUser-agent: ocelli\nDisallow: /images\n",
    "User-agent: *\nCrawl-delay: 2.5\nDisallow: /a\n",
    "User-agent: ocelli\nCrawl-delay: 7\n\nUser-agent: *\nCrawl-delay: 2\nDisallow: /\n",
    "# comment\nuser-AGENT : *   # all\nDISALLOW : /private # keep out\nSitemap: http://a.example/sitemap.xml\n",
    "User-agent: *\r\nDisallow: /a\r\nAllow: /a/b\r\n",
    "<html><body>not a robots file</body></html>",
    "Disallow: /\n",
    "User-agent: *\nDisallow: /images/*x.jpg\nAllow: /images/x.jpg$\n",
]

cases = []
for text in FILES:
    rules = Protego.parse(text)
    cases.append({
        "robots": text,
        "allowed": {p: rules.can_fetch("http://a.example" + p, "ocelli") for p in PATHS},
        "delay": rules.crawl_delay("ocelli") or 0,
    })
with open(OUT, "w") as out:
    json.dump(cases, out, indent=0, ensure_ascii=True)
    out.write("\n")
print(sum(len(c["allowed"]) for c in cases), "answers")

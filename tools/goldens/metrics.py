"""Writes the golden values of the caption metrics: core/src/test/resources/goldens/metrics/captions.json.

Run from the repository's root with Java on PATH and a Python that has pycocoevalcap 1.2:

    python tools/goldens/metrics.py

Captions are made here from word lists, none comes from a data set. The seed is fixed: the same file results each time.
"""
import json
import os
import random

# pycocoevalcap reads the tokenizer's output as UTF-8, whatever the locale; so must the JVM write it.
os.environ["JAVA_TOOL_OPTIONS"] = "-Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8"

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

OUT = "core/src/test/resources/goldens/metrics/captions.json"
PHOTOS = 200
rng = random.Random(20240611)

WHO = "otter,baker,goat,violinist,toddler,ferry,heron,welder,twin,juggler,tortoise,nurse,kite,puppy,clerk,fox,diver,tram".split(",")
HOW = "spotted,tired,tiny,orange,muddy,old-fashioned,half-asleep,striped,cheerful,wet,tall,long-haired,pale,noisy".split(",")
DOES = "climbs over,sleeps beside,carries,paints,chases,looks at,leans on,jumps across,repairs,waits for,balances on".split(",")
WHAT = "ladder,melon,canoe,piano,fence,drum,lantern,bucket,bridge,wheelbarrow,sofa,statue,puddle,hat,rope,mirror".split(",")
WHERE = "in the rain,near a lighthouse,at dusk,by the market,under an arch,on the beach,in a kitchen,behind the barn".split(",")

# Where tokenizers go wrong.
NASTY = [
    "", "dog", ".", "!!!", "   ", "dog dog dog dog dog", "The the THE the", "A A A. A", "I don't know", "She can't, won't and shouldn't've",
    "the dog's bone and the dogs' bowl",
    "James' hat isn't his", "They’re gonna swim; it’s cannot-miss", "you cannot gimme that, y'all gotta go",
    "'tis a ma'am at 5 o'clock", "rock 'n' roll from the '80s", "O'Brien's jack-o'-lantern", "a black-and-white t-shirt — nice!",
    "pages 5–6 ... wait… what?!", "Mr. Smith and Dr. Lee of the U.S. at 7 p.m.", "J. K. Rowling vs. St. Mary. A cat.",
    "plan B. The end", "no. 5 has no. Chairs", "1,000 dogs, 3.5 miles, 1 1/2 cups, 50% off", "12/25/2005 at 10:30pm, temp -5 or 72°F",
    "$5 or £5 or €5.50 or 5¢", "AT&T and R&B, black&white, b & w", "he/she and/or 1/2, w/ a / b", '"hello" \'there\' “you” ‘two’ «three»',
    "a (small) [red] {box} dog(s)", ":) smile ;-) <3 =)", "emoji 😀 dog😀cat ❤️ 👍🏽 end", "café naïve Straße 日本 русский", "½ of 5½ and ¼",
    "see http://a.org/x or www.site.com, me@b.net @user #tag #5", "a dog.The cat sits.A bird.", "tab\there  and   spaces\u00a0too",
    "<unk> a <b> word [UNK]", "c++ and C# at 6'2\" or 4x4", "a_b __ a+b = c * d ~ e", "a 5-year-old and a 1990s-style car",
    "women's/men's 3-D mid-'90s", "well... no.... yes..", "&amp; a &lt; b", "Miss. and miss. in Calif. on Jan. 3", "--- a -- b - c -d e-",
]


def caption(who, what):
    words = ["a" if rng.random() < 0.7 else "the"]
    if rng.random() < 0.6:
        words.append(rng.choice(HOW))
    words += [who, rng.choice(DOES), rng.choice(["a", "the", "another"])]
    if rng.random() < 0.4:
        words.append(rng.choice(HOW))
    words.append(what)
    if rng.random() < 0.6:
        words.append(rng.choice(WHERE))
    text = " ".join(words)
    return text[0].upper() + text[1:] + rng.choice([".", " .", "", "!"])


def main():
    captions, references = [], []
    for i in range(PHOTOS):
        who, what = rng.choice(WHO), rng.choice(WHAT)
        refs = [caption(who if rng.random() < 0.8 else rng.choice(WHO), what) for _ in range(5)]
        if i < len(NASTY):
            hypothesis = NASTY[i]
            if i % 3 == 0:
                refs[rng.randrange(5)] = NASTY[(i * 7 + 3) % len(NASTY)]
            if i % 4 == 1:
                refs[0] = NASTY[i]
        elif i % 10 == 0:
            hypothesis = refs[rng.randrange(5)]
        elif i % 10 == 1:
            hypothesis = " ".join(caption(who, what) for _ in range(2))
        else:
            hypothesis = caption(who, what)
        captions.append(hypothesis)
        references.append(refs)

    tokenizer = PTBTokenizer()
    res = tokenizer.tokenize({i: [{"caption": c}] for i, c in enumerate(captions)})
    gts = tokenizer.tokenize({i: [{"caption": c} for c in r] for i, r in enumerate(references)})
    bleu, _ = Bleu(4).compute_score(gts, res, verbose=0)
    cider, ciders = Cider().compute_score(gts, res)
    rouge, rouges = Rouge().compute_score(gts, res)
    photos = [
        {"caption": captions[i], "references": references[i], "tokens": res[i][0], "referenceTokens": gts[i],
         "cider": float(ciders[i]), "rougeL": float(rouges[i])}
        for i in range(PHOTOS)
    ]
    os.makedirs(os.path.dirname(OUT), exist_ok=True)
    with open(OUT, "w", encoding="utf-8") as out:
        head = {"bleu": [float(b) for b in bleu], "cider": float(cider), "rougeL": float(rouge)}
        out.write(json.dumps(head)[:-1] + ', "photos": [\n')
        out.write(",\n".join(json.dumps(p, ensure_ascii=False) for p in photos) + "\n]}\n")
    print(OUT, os.path.getsize(OUT), "bytes", head)


main()

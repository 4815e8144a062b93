#!/usr/bin/env python3
"""Makes a tiny Llama with random weights as a GGUF file: nothing is downloaded.

Its text is nonsense, but prefill, KV cache, batching and streaming are the engine's own. The
tokenizer is a byte-level BPE trained on the documentation that every CPython carries, so token
counts look like real ones.

One hidden dimension carries the same value through all layers. The output matrix uses it as a
bias that keeps special tokens and pieces of characters from ever being chosen: no answer ends
early, and no stream holds half a character.

    make_model.py OUT.gguf [nano|small]     a GGUF file; needs numpy, gguf and tokenizers
    make_model.py FOLDER [nano|small]       a folder as transformers has them; needs safetensors instead of gguf
"""
import json
import pathlib
import sys

import numpy as np
from pydoc_data import topics
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

# width, layers, heads, key-value heads, feed-forward width
SHAPES = {"nano": (256, 4, 4, 2, 768), "small": (512, 8, 8, 4, 1536)}
TOKENS = 4096
BEGIN, START, END = "<|begin|>", "<|start|>", "<|end|>"
NEVER = -20.0
TEMPLATE = (
    "{% for message in messages %}{{ '<|start|>' + message['role'] + '\n' + message['content'] + '<|end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant\n' }}{% endif %}"
)


def tokenizer():
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=TOKENS,
        special_tokens=[BEGIN, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([topics.topics[name] for name in sorted(topics.topics)], trainer)
    return bpe


def printable(bpe, number):
    if bpe.id_to_token(number) in (None, BEGIN, START, END):
        return False
    text = bpe.decode([number])
    return text != "" and "\ufffd" not in text and all(c.isprintable() or c in "\n\t" for c in text)


def tensors(shape, bias):
    width, layers, heads, kv_heads, inner = shape
    head = width // heads
    random = np.random.default_rng(1)

    def matrix(rows, columns, scale, keep_first=False):
        values = random.standard_normal((rows, columns), dtype=np.float32) * scale
        if keep_first:
            values[0] = 0.0  # adds nothing to the constant dimension
        return values.astype(np.float16)

    embedding = matrix(TOKENS, width, 1.0)
    embedding[:, 0] = 3.0
    yield "token_embd.weight", embedding
    for layer in range(layers):
        ones = np.ones(width, np.float32)
        block = f"blk.{layer}."
        yield block + "attn_norm.weight", ones
        yield block + "attn_q.weight", matrix(heads * head, width, width**-0.5)
        yield block + "attn_k.weight", matrix(kv_heads * head, width, width**-0.5)
        yield block + "attn_v.weight", matrix(kv_heads * head, width, width**-0.5)
        yield block + "attn_output.weight", matrix(width, heads * head, 0.7 * width**-0.5, True)
        yield block + "ffn_norm.weight", ones
        yield block + "ffn_gate.weight", matrix(inner, width, width**-0.5)
        yield block + "ffn_up.weight", matrix(inner, width, width**-0.5)
        yield block + "ffn_down.weight", matrix(width, inner, 0.7 * inner**-0.5, True)
    yield "output_norm.weight", np.ones(width, np.float32)
    output = matrix(TOKENS, width, 2.0 * width**-0.5)
    output[:, 0] = bias
    yield "output.weight", output


# A tensor's name in a transformers folder, by its name in a GGUF file.
FOLDER_NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def folder_name(tensor):
    parts = tensor.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{FOLDER_NAMES[parts[2]]}.weight"
    return f"{FOLDER_NAMES[parts[0]]}.weight"


def write_folder(path, shape, bpe, bias):
    import safetensors.numpy

    width, layers, heads, kv_heads, inner = shape
    path.mkdir(parents=True, exist_ok=True)
    weights = {folder_name(tensor): values for tensor, values in tensors(shape, bias)}
    safetensors.numpy.save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    bpe.save(str(path / "tokenizer.json"))
    begin, end = bpe.token_to_id(BEGIN), bpe.token_to_id(END)
    files = {
        "config.json": {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_size": width,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "head_dim": width // heads,
            "intermediate_size": inner,
            "vocab_size": TOKENS,
            "hidden_act": "silu",
            "rms_norm_eps": 1e-5,
            "rope_theta": 10000.0,
            "max_position_embeddings": 32768,
            "tie_word_embeddings": False,
            "bos_token_id": begin,
            "eos_token_id": end,
            "torch_dtype": "float16",
        },
        "generation_config.json": {"bos_token_id": begin, "eos_token_id": end},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": BEGIN,
            "eos_token": END,
            "pad_token": END,
            "model_max_length": 32768,
            "chat_template": TEMPLATE,
        },
    }
    for name, content in files.items():
        (path / name).write_text(json.dumps(content, indent=1))


def main():
    path = sys.argv[1]
    name = sys.argv[2] if len(sys.argv) > 2 else "small"
    shape = SHAPES[name]
    width, layers, heads, kv_heads, inner = shape
    bpe = tokenizer()
    known = {number: token for token, number in bpe.get_vocab().items()}
    names = [known.get(number, f"<|unused{number}|>") for number in range(TOKENS)]
    bias = np.array([0.0 if printable(bpe, number) else NEVER for number in range(TOKENS)], np.float16)
    if not path.removesuffix(".part").endswith(".gguf"):
        write_folder(pathlib.Path(path), shape, bpe, bias)
        return

    import gguf

    out = gguf.GGUFWriter(path, "llama")
    out.add_name(f"random-{name}")
    out.add_context_length(32768)
    out.add_embedding_length(width)
    out.add_block_count(layers)
    out.add_feed_forward_length(inner)
    out.add_head_count(heads)
    out.add_head_count_kv(kv_heads)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(width // heads)
    out.add_rope_freq_base(10000.0)
    out.add_vocab_size(TOKENS)
    out.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(names)
    control, normal, unused = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL, gguf.TokenType.UNUSED
    out.add_token_types(
        [control if t in (BEGIN, START, END) else normal if i in known else unused for i, t in enumerate(names)]
    )
    merges = json.loads(bpe.to_str())["model"]["merges"]
    out.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in merges])
    out.add_bos_token_id(names.index(BEGIN))
    out.add_eos_token_id(names.index(END))
    out.add_add_bos_token(False)
    out.add_chat_template(TEMPLATE)
    for tensor, values in tensors(shape, bias):
        out.add_tensor(tensor, values)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    main()

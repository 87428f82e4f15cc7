"""Writes a second model for tests of switches: second_model.py MODEL.gguf OUT.gguf [--thinks]

The model has two random llama layers and the tokenizer and chat template of the first model. It is a complete model
of another shape (13 MB) that generates random text. With `--thinks`, its template opens <think> before each answer,
which the model never closes, so that it reasons until the reasoning is ended. It generates thousands of tokens per
second, so its context length allows many seconds of reasoning.
"""

import sys

import gguf
import numpy as np

WIDTH, INNER, HEADS, LAYERS = 64, 128, 4, 2


def main() -> None:
    source, out = sys.argv[1:3]
    thinks = "--thinks" in sys.argv
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(out, "llama")
    for key, field in reader.fields.items():
        if key.startswith("tokenizer."):
            kind = field.types[0]
            inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
            value = field.contents()
            if thinks and key == "tokenizer.chat_template":
                value += "{% if add_generation_prompt %}<think>\n{% endif %}"
            writer.add_key_value(key, value, kind, sub_type=inner)
    vocabulary = len(reader.fields["tokenizer.ggml.tokens"].data)
    writer.add_vocab_size(vocabulary)
    writer.add_context_length(1 << 17 if thinks else 1 << 15)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)

    rng = np.random.default_rng(0)

    def matrix(name: str, rows: int, columns: int) -> None:
        values = (rng.standard_normal((rows, columns)) / np.sqrt(columns)).astype(np.float32)
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)

    matrix("token_embd.weight", vocabulary, WIDTH)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for layer in range(LAYERS):
        for part in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{part}.weight", np.ones(WIDTH, np.float32))
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            matrix(f"blk.{layer}.{part}.weight", WIDTH, WIDTH)
        matrix(f"blk.{layer}.ffn_gate.weight", INNER, WIDTH)
        matrix(f"blk.{layer}.ffn_up.weight", INNER, WIDTH)
        matrix(f"blk.{layer}.ffn_down.weight", WIDTH, INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()

import Basics
import Models
import Testing

/// Which biases a configuration has, as in transformers' classes.
struct StatedBiasTests {
  @Test(arguments: [
    // The type, a member of the configuration, a bias, and whether it is refused.
    ("llama", "", "self_attn.q_proj", true), ("llama", #""attention_bias": true"#, "self_attn.o_proj", false),
    ("llama", #""attention_bias": true"#, "mlp.up_proj", true),
    ("llama", #""mlp_bias": true"#, "mlp.up_proj", false),
    ("mistral", "", "self_attn.v_proj", true),
    ("mistral", #""attention_bias": true"#, "self_attn.v_proj", false),
    ("qwen2", "", "self_attn.q_proj", false),
    ("qwen2", #""attention_bias": false"#, "self_attn.k_proj", false),
    ("qwen2", "", "self_attn.o_proj", true), ("qwen2_moe", #""qkv_bias": false"#, "self_attn.q_proj", true),
    ("qwen3_5_text", "", "self_attn.q_proj", true), ("glm4", "", "self_attn.q_proj", false),
    ("glm4", #""attention_bias": false"#, "self_attn.q_proj", true),
    ("glm4_moe", #""attention_bias": true"#, "self_attn.o_proj", true),
    ("seed_oss", "", "self_attn.q_proj", false), ("seed_oss", "", "self_attn.o_proj", true),
    ("seed_oss", #""attention_out_bias": true"#, "self_attn.o_proj", false),
    ("gpt_oss", "", "self_attn.o_proj", false), ("gpt_oss", "", "mlp.experts.down_proj", false),
    ("gpt_oss", #""attention_bias": false"#, "self_attn.o_proj", true),
    ("gpt_neox", #""attention_bias": false"#, "attention.query_key_value", true),
    ("gpt_neox", "", "mlp.dense_4h_to_h", false), ("gpt2", "", "attn.c_attn", false),
    ("starcoder2", "", "mlp.c_fc", false), ("starcoder2", #""use_bias": false"#, "self_attn.o_proj", true),
    ("ernie4_5", "", "mlp.up_proj", true), ("ernie4_5", #""use_bias": true"#, "mlp.up_proj", false),
    ("stablelm", "", "self_attn.q_proj", true),
    ("stablelm", #""use_qkv_bias": true"#, "self_attn.q_proj", false),
    ("bailing_moe", #""use_qkv_bias": true"#, "attention.query_key_value", false),
    ("bailing_moe", "", "attention.dense", true), ("deepseek_v3", "", "self_attn.kv_a_proj_with_mqa", true),
    ("mamba2", "", "mixer.in_proj", true), ("mamba2", "", "mixer.conv1d", false),
    ("mamba2", #""use_conv_bias": false"#, "mixer.conv1d", true),
    ("nemotron_h", #""mamba_proj_bias": true"#, "mixer.out_proj", false),
    ("lfm2", #""conv_bias": true"#, "conv.conv", false), ("lfm2", "", "conv.in_proj", true),
    ("phimoe", #""lm_head_bias": true"#, "lm_head", false), ("llama", "", "lm_head", true),
    ("cohere", "", "input_layernorm", true), ("nemotron", "", "input_layernorm", false),
    ("qwen2_moe", "", "mlp.gate", true), ("gpt_oss", "", "mlp.router", false),
    ("bailing_moe", "", "mlp.gate.gate_proj", true), ("lfm2", "", "self_attn.out_proj", true),
    ("qwen3_next", "", "linear_attn.out_proj", true), ("mamba", "", "mixer.x_proj", true),
    ("mamba", "", "mixer.dt_proj", false), ("recurrent_gemma", "", "temporal_block.linear_x", false),
    ("bailing_hybrid", #""use_bias": true"#, "mlp.gate", true),
    ("bailing_hybrid", #""use_bias": true"#, "mlp.shared_experts.up_proj", false),
    ("bailing_moe_v3", #""short_conv_kernel_size": 4, "use_bias": true"#, "attention.dense", true),
    ("bailing_moe_v3", #""kda_safe_gate": true, "attention_bias": true"#, "attention.q_a_proj", false),
    ("bailing_moe_v3", #""kda_safe_gate": true, "use_bias": true"#, "mlp.up_proj", true),
    // A type without rules.
    ("rwkv7", "", "attn.o_proj", false),
  ])
  func refusals(_ type: String, _ member: String, _ layer: String, isRefused: Bool) throws {
    let members = [#""model_type": "\#(type)""#, member].filter { !$0.isEmpty }.joined(separator: ", ")
    let biases = StatedBiases(ModelConfiguration(try JSON(parsing: "{\(members)}")))
    #expect(try (biases.refusal(of: "model.layers.3.\(layer).bias") != nil) == isRefused)
  }
}

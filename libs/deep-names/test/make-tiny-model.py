"""Makes tiny-model: a "network" that looks each token's label up in a table. Needs the package onnx."""

import json
import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

folder = pathlib.Path(__file__).parent / "tiny-model"
labels = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-MISC"]
vocabulary = {
    "[PAD]": "O",
    "[UNK]": "O",
    "[CLS]": "O",
    "[SEP]": "O",
    "a": "O",
    "met": "O",
    "zorblax": "B-PER",
    "quen": "I-PER",
    "##tor": "O",
    "vrillheim": "B-LOC",
    "gnarp": "B-ORG",
    "ltd": "I-ORG",
    "esperanto": "B-MISC",
    "4111": "B-PER",
}

table = np.zeros((len(vocabulary), len(labels)), dtype=np.float32)
for row, label in enumerate(vocabulary.values()):
    table[row, labels.index(label)] = 4.0

sizes = [1, "tokens"]
graph = helper.make_graph(
    [helper.make_node("Gather", ["table", "input_ids"], ["logits"], axis=0)],
    "tiny",
    [helper.make_tensor_value_info(name, TensorProto.INT64, sizes) for name in ("input_ids", "attention_mask")],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [*sizes, len(labels)])],
    [numpy_helper.from_array(table, "table")],
)
model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
checker.check_model(model)
folder.mkdir(exist_ok=True)
save(model, folder / "model.onnx")


def special(name):
    return {
        "id": list(vocabulary).index(name),
        "content": name,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }


def frame(name):
    return {"id": name, "ids": [list(vocabulary).index(name)], "tokens": [name]}


def token(name):
    return {"SpecialToken": {"id": name, "type_id": 0}}


sequence = {"Sequence": {"id": "A", "type_id": 0}}
tokenizer = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [special(name) for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]")],
    "normalizer": {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": None,
        "lowercase": True,
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [token("[CLS]"), sequence, token("[SEP]")],
        "pair": [token("[CLS]"), sequence, token("[SEP]")],
        "special_tokens": {name: frame(name) for name in ("[CLS]", "[SEP]")},
    },
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {name: row for row, name in enumerate(vocabulary)},
    },
}
config = {
    "model_type": "bert",
    "id2label": {str(row): label for row, label in enumerate(labels)},
    "max_position_embeddings": 64,
}
for name, content in (("tokenizer.json", tokenizer), ("config.json", config)):
    (folder / name).write_text(json.dumps(content, indent=2) + "\n")

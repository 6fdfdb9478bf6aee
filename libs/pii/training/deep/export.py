"""
Writes tuned weights as the folder that `depth: deep` loads: an ONNX network with weights of eight bits, its tokenizer
and its labels.
    python libs/pii/training/deep/export.py tuned.npz model/ libs/deep-names/model
Matrices have one scale a column, words one a row; what flows between them is made small as it comes.
"""

import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS = 6
HEADS = 12
LABELS = ["O", "B-PERSON", "I-PERSON", "B-LOCATION", "I-LOCATION", "B-ORGANIZATION", "I-ORGANIZATION"]
# As long as the texts of the tuning: longer ones are read in windows that share a quarter.
WINDOW_TOKENS = 128


class Graph:
    def __init__(self):
        self.nodes, self.weights = [], []

    def constant(self, name, value):
        self.weights.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(self, kind, *inputs, domain="", outputs=1, **attributes):
        names = [f"{kind}_{len(self.nodes)}_{at}" for at in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def linear(self, x, name, weights):
        """x times a matrix of int8 with a scale a column, in the runtime's own fused form."""
        # Seven bits: on processors without VNNI the products of eight would not fit their sums.
        scale = np.maximum(np.abs(weights["w"]).max(0) / 64, 1e-8).astype(np.float32)
        small = np.clip(np.round(weights["w"] / scale), -64, 64).astype(np.int8)
        return self.node(
            "DynamicQuantizeMatMul",
            x,
            self.constant(name + ".w", small),
            self.constant(name + ".scale", scale),
            "",
            self.constant(name + ".b", weights["b"]),
            domain="com.microsoft",
        )

    def norm(self, x, name, weights):
        scale, shift = (self.constant(f"{name}.{part}", weights[part]) for part in ("scale", "shift"))
        return self.node("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-12)

    def rows(self, name, table, ids):
        """Rows of a table of int8 with a scale a row."""
        scale = np.maximum(np.abs(table).max(1, keepdims=True) / 127, 1e-8).astype(np.float32)
        small = np.clip(np.round(table / scale), -127, 127).astype(np.int8)
        row = self.node("Cast", self.node("Gather", self.constant(name, small), ids), to=TensorProto.FLOAT)
        return self.node("Mul", row, self.node("Gather", self.constant(name + ".scale", scale), ids))


def read(path):
    """The names that jax gives a tree's leaves ("['layers'][0]['qkv']['w']") as a tree again."""
    tree = {}
    for name, value in np.load(path).items():
        keys = name.strip("[]").replace("'", "").split("][")
        branch = tree
        for key in keys[:-1]:
            branch = branch.setdefault(key, {})
        branch[keys[-1]] = value
    return tree


def build(weights, labels):
    graph = Graph()
    width = weights["words"].shape[1]
    shape = graph.constant("heads", np.array([0, -1, 3, HEADS, width // HEADS], np.int64))
    flat = graph.constant("flat", np.array([0, -1, width], np.int64))
    root = graph.constant("root", np.array(1 / np.sqrt(width // HEADS), np.float32))
    # Nothing is filled up, so that there is nothing to mask: one text, or one window of it, at a time.
    tokens = graph.node("Gather", graph.node("Shape", "input_ids"), graph.constant("second", np.array(1, np.int64)), axis=0)
    zero, one = graph.constant("zero", np.array(0, np.int64)), graph.constant("one", np.array(1, np.int64))
    places = graph.rows("places", weights["places"], graph.node("Range", zero, tokens, one))
    x = graph.node("Add", graph.rows("words", weights["words"], "input_ids"), places)
    x = graph.node("Add", x, graph.node("Gather", graph.constant("shapes", weights["shapes"]), "shape_ids"))
    x = graph.norm(x, "norm", weights["norm"])
    for at in range(LAYERS):
        layer = weights["layers"][str(at)]
        name = f"layer{at}."
        parted = graph.node("Reshape", graph.linear(x, name + "qkv", layer["qkv"]), shape)
        third = graph.node("Transpose", parted, perm=[2, 0, 3, 1, 4])
        query, key, value = (
            graph.node("Gather", third, graph.constant(f"{name}part{part}", np.array(part, np.int64)), axis=0)
            for part in range(3)
        )
        likeness = graph.node("MatMul", graph.node("Mul", query, root), graph.node("Transpose", key, perm=[0, 1, 3, 2]))
        seen = graph.node("MatMul", graph.node("Softmax", likeness, axis=-1), value)
        joined = graph.node("Reshape", graph.node("Transpose", seen, perm=[0, 2, 1, 3]), flat)
        x = graph.norm(graph.node("Add", x, graph.linear(joined, name + "out", layer["out"])), name + "norm1", layer["norm1"])
        inner = graph.node("Gelu", graph.linear(x, name + "up", layer["up"]))
        x = graph.norm(graph.node("Add", x, graph.linear(inner, name + "down", layer["down"])), name + "norm2", layer["norm2"])
    head, shift = (graph.constant("head." + part, weights["head"][part]) for part in ("w", "b"))
    graph.nodes.append(helper.make_node("Add", [graph.node("MatMul", x, head), shift], ["logits"]))
    ids = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "tokens"]) for name in ("input_ids", "shape_ids")]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, "tokens", labels])
    made = helper.make_graph(graph.nodes, "names", ids, [logits], graph.weights)
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def write_json(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf8") as file:
        json.dump(value, file, ensure_ascii=False)
        file.write("\n")


def main(tuned, base, out):
    os.makedirs(out, exist_ok=True)
    onnx.save(build(read(tuned), len(LABELS)), os.path.join(out, "model.onnx"))
    with open(os.path.join(base, "tokenizer.json"), encoding="utf8") as file:
        tokenizer = json.load(file)
    write_json(out, "tokenizer.json", {**tokenizer, "truncation": None, "padding": None})
    labels = {str(at): label for at, label in enumerate(LABELS)}
    config = {"id2label": labels, "max_position_embeddings": WINDOW_TOKENS, "only_script": "Latin"}
    write_json(out, "config.json", config)


main(*sys.argv[1:4])

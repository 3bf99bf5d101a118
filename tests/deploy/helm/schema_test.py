"""Values that make no sense are refused, each with a message that names the value and what is wrong with it; and the
schema is strict wherever it does not hand something to Kubernetes as it is.

Usage: schema_test.py
"""

import json
import unittest

import chart
from cases import CASES

# values -> words that the refusal has
BAD = [
    ({"coordinator": {"replicas": 2}}, "/coordinator/replicas': maximum: got 2, want 1"),
    ({"coordinator": {"replicas": 0}}, "/coordinator/replicas': minimum: got 0, want 1"),
    ({"unknown": 1}, "additional properties 'unknown' not allowed"),
    ({"worker": {"replica": 2}}, "'/worker': additional properties 'replica' not allowed"),
    ({"coordinator": {"jobs": {"maxOpen": 0}}}, "/coordinator/jobs/maxOpen': minimum"),
    ({"coordinator": {"jobs": {"keepEnded": 10000}}}, "/coordinator/jobs/keepEnded': got number, want string"),
    ({"coordinator": {"jobs": {"keepEnded": "for ever"}}}, "/coordinator/jobs/keepEnded': 'for ever' does not match pattern"),
    ({"coordinator": {"storage": {"class": "x"}}}, "'/coordinator/storage': additional properties 'class' not allowed"),
    ({"tls": {"certManager": {"issuer": "x"}}}, "additional properties 'issuer' not allowed"),
    ({"worker": {"replicas": "2"}}, "/worker/replicas': got string, want integer"),
    ({"worker": {"replicas": -1}}, "/worker/replicas': minimum"),
    ({"worker": {"device": "tpu"}}, "/worker/device': value must be one of"),
    ({"worker": {"gpus": 0}}, "/worker/gpus': minimum"),
    ({"worker": {"memory": "256G"}}, "/worker/memory': '256G' does not match pattern"),
    ({"worker": {"memory": 256}}, "/worker/memory': got number, want string"),
    ({"worker": {"shm": "0Gi"}}, "/worker/shm': '0Gi' does not match pattern"),
    ({"worker": {"cache": "250Gi"}}, "worker.cache (250Gi) and worker.shm (16Gi) must leave room in worker.memory (256Gi)"),
    ({"worker": {"drain": {"checkpointSeconds": 0}}}, "/worker/drain/checkpointSeconds': minimum"),
    ({"worker": {"nccl": {"LD_PRELOAD": "x"}}}, "'/worker/nccl': additional properties 'LD_PRELOAD' not allowed"),
    ({"worker": {"nccl": {"NCCL_DEBUG": 1}}}, "/worker/nccl/NCCL_DEBUG': got number, want string"),
    ({"worker": {"extraArgs": ["--frozen-limit 2m"]}}, "/worker/extraArgs/0': '--frozen-limit 2m' does not match pattern"),
    ({"worker": {"extraEnv": [{"name": "A", "values": "1"}]}}, "additional properties 'values' not allowed"),
    ({"worker": {"updateStrategy": "Recreate"}}, "/worker/updateStrategy': value must be one of"),
    ({"datasets": [{"name": "a", "mountPath": "data", "volume": {"emptyDir": {}}}]}, "/datasets/0/mountPath'"),
    ({"datasets": [{"name": "a", "mountPath": "/data"}]}, "missing property 'volume'"),
    ({"coordinator": {"ingress": {"enabled": True}}}, "coordinator.ingress.host is needed"),
    ({"coordinator": {"service": {"type": "ExternalName"}}}, "/coordinator/service/type': value must be one of"),
    ({"coordinator": {"resources": {"limits": {"gpu": 1}}}}, "additional properties 'gpu' not allowed"),
    ({"artifacts": {"accessMode": "ReadWriteOnce"}}, "'/artifacts': additional properties 'accessMode' not allowed"),
    ({"image": {"pullPolicy": "Sometimes"}}, "/image/pullPolicy': value must be one of"),
    ({"pod": {"userId": 0}}, "/pod/userId': minimum"),
    ({"tokens": {"inline": "alice operator 00"}}, "'/tokens': additional properties 'inline' not allowed"),
]


def loose_objects(schema, path=""):
    """Paths of the schemas of objects that admit unknown keys without a word why."""
    if isinstance(schema, dict):
        is_object = schema.get("type") == "object"
        explained = schema.get("$comment", "").startswith(("handed to Kubernetes as it is", "helm sets it"))
        if is_object and not explained and "additionalProperties" not in schema:
            yield path
        for key, value in schema.items():
            yield from loose_objects(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from loose_objects(value, f"{path}/{index}")


class Schema(unittest.TestCase):
    def test_refuses_bad_values_by_name(self):
        for values, words in BAD:
            with self.subTest(str(values)):
                with self.assertRaises(chart.RenderError) as refusal:
                    chart.render(values)
                self.assertIn(words, str(refusal.exception))

    def test_is_strict(self):
        schema = json.loads((chart.CHART / "values.schema.json").read_text(encoding="utf-8"))
        self.assertEqual(list(loose_objects(schema)), [])
        self.assertEqual(list(loose_objects({"properties": {"a": {"type": "object"}}})), ["/properties/a"])

    def test_knows_exactly_the_values_that_there_are(self):
        schema = json.loads((chart.CHART / "values.schema.json").read_text(encoding="utf-8"))
        self.assertEqual(self.keys(schema, chart.default_values()), [])

    def keys(self, schema, values, path=""):
        """Differences between the properties of the schema and the keys of values.yaml, at every level."""
        if "properties" not in schema or not isinstance(values, dict) or not values:
            return []
        named = schema["properties"].keys() - {"global"}
        found = [f"{path}/{key}" for key in named ^ values.keys()]
        for key in named & values.keys():
            if key != "resources":
                found += self.keys(schema["properties"][key], values[key], f"{path}/{key}")
        return found

    def test_the_cases_change_every_value_of_the_workers(self):
        changed = set().union(*(values.get("worker", {}) for values, _ in CASES.values()))
        self.assertEqual(chart.default_values()["worker"].keys() - changed, {"scratch", "affinity", "podAnnotations"})


if __name__ == "__main__":
    unittest.main(verbosity=2)

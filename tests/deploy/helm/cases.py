"""The sets of values that the chart is tested with: name -> (values, flags of helm)."""

OPERATOR = ("--api-versions", "monitoring.coreos.com/v1")

CPU = {"worker": {"device": "cpu", "slots": 2, "threadsPerSlot": 4, "memory": "16Gi", "cache": "4Gi", "shm": "512Mi", "tolerations": []}}

CASES = {
    "default": ({}, ()),
    "cpu": (CPU, ()),
    "gpu nodes": (
        {
            "worker": {
                "replicas": 4, "gpus": 4, "runtimeClassName": "nvidia", "hostNetwork": True, "rdma": True,
                "gpuResource": "nvidia.com/gpu.shared", "topologyKey": "topology.kubernetes.io/zone",
                "nodeSelector": {"nvidia.com/gpu.present": "true"}, "extraResources": {"rdma/hca": 1},
                "nccl": {"NCCL_SOCKET_IFNAME": "eth1", "NCCL_IB_HCA": "mlx5"}, "updateStrategy": "OnDelete",
                "drain": {"checkpointSeconds": 300, "marginSeconds": 60},
            },
            "priorityClasses": {"create": True},
        },
        (),
    ),
    "cert-manager": ({"tls": {"certManager": {"enabled": True, "workers": 5}, "extraDnsNames": ["simclr.example.org"]}}, ()),
    "cert-manager with an issuer": (
        {"tls": {"certManager": {"enabled": True, "issuerRef": {"name": "corporate", "kind": "ClusterIssuer"}}}},
        (),
    ),
    "existing objects": (
        {
            "tls": {"coordinatorSecret": "my-coordinator", "workerSecret": "my-workers"},
            "tokens": {"existingSecret": "my-tokens"},
            "test": {"tokenSecret": "my-test", "tokenKey": "viewer"},
            "artifacts": {"existingClaim": "my-artifacts", "mountPath": "/mnt/artifacts"},
            "serviceAccount": {"name": "my-account"},
            "coordinator": {"priorityClassName": "high"},
            "worker": {"priorityClassName": "low"},
            "image": {"repository": "registry.example.org/team/simclr", "tag": "0.1.0-rc1", "pullSecrets": ["registry"]},
        },
        (),
    ),
    "monitoring": ({"monitoring": {"labels": {"release": "prometheus"}}}, OPERATOR),
    "runbooks elsewhere": ({"monitoring": {"rules": {"runbookBase": "https://git.example.org/main/"}}}, OPERATOR),
    "monitoring switched off": (
        {"monitoring": {"podMonitor": {"enabled": False}, "rules": {"enabled": False}, "dashboards": {"enabled": False}}},
        OPERATOR,
    ),
    "limits on jobs": (
        {"coordinator": {"jobs": {"maxOpen": 2000000, "maxOpenOfUser": 500, "keepEnded": "90d,10000", "viewersReadArtifacts": True}}},
        (),
    ),
    "no network policies": ({"networkPolicy": {"enabled": False}}, ()),
    "reached from outside": (
        {
            "coordinator": {
                "service": {"type": "LoadBalancer", "annotations": {"example.org/internal": "true"}},
                "ingress": {
                    "enabled": True, "className": "nginx", "host": "simclr.example.org",
                    "annotations": {"nginx.ingress.kubernetes.io/ssl-passthrough": "true"},
                },
                "podDisruptionBudget": {"enabled": True},
            },
            "networkPolicy": {
                "clients": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}],
                "monitoring": [],
                "workerExtraEgress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
            },
        },
        (),
    ),
    "data sets and extras": (
        {
            "datasets": [
                {"name": "cifar10", "mountPath": "/data/cifar10", "volume": {"persistentVolumeClaim": {"claimName": "cifar10"}}},
                {"name": "imagenet", "mountPath": "/data/imagenet", "volume": {"nfs": {"server": "10.0.0.1", "path": "/imagenet"}}},
            ],
            "worker": {
                "extraArgs": ["--frozen-limit=2m"],
                "extraEnv": [{"name": "OMP_PROC_BIND", "value": "close"}],
                "extraVolumes": [{"name": "local", "hostPath": {"path": "/mnt/nvme"}}],
                "extraVolumeMounts": [{"name": "local", "mountPath": "/mnt/nvme"}],
                "topologySpreadConstraints": [
                    {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
                     "labelSelector": {"matchLabels": {"app.kubernetes.io/component": "worker"}}},
                ],
            },
            "coordinator": {
                "extraArgs": ["--lost-after=60s"],
                "extraEnv": [{"name": "TZ", "value": "UTC"}],
                "extraVolumes": [{"name": "more", "emptyDir": {}}],
                "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
                "nodeSelector": {"kubernetes.io/os": "linux"},
                "tolerations": [{"key": "infra", "operator": "Exists"}],
                "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]}}},
            },
        },
        (),
    ),
    "big cluster": (
        {
            "worker": {"replicas": 128, "memory": "1024Gi", "cache": "512Gi", "shm": "64Gi", "threadsPerSlot": 12, "onePerNode": False},
            "coordinator": {"resources": {"requests": {"cpu": 4, "memory": "8Gi"}, "limits": {"cpu": 8, "memory": "16Gi"}},
                            "storage": {"size": "200Gi", "storageClassName": "fast", "accessMode": "ReadWriteOnce"}},
            "artifacts": {"size": "100Ti", "storageClassName": "parallel"},
            "tls": {"certManager": {"enabled": True}},
        },
        OPERATOR,
    ),
    "other names, IPv6": (
        {"fullnameOverride": "contrast", "clusterDomain": "k8s.example.org", "listenAddress": "[::]", "pod": {"userId": 2000}},
        (),
    ),
}  # fmt: skip

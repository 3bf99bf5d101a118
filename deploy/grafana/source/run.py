"""Run: for whoever pre-trains. Does it learn, does it collapse, when is it done, how good is the encoder?"""

from source.dashboard import dashboard, query_variable
from source.panels import GREEN, JOB_PHASES, ORANGE, RED, query, stat, state_timeline, table, time_series, total

EACH = "{{job_id}}"
ON = "{{job_id}} on {{instance}}"


def _train(name, legend=ON, more=""):
    """A measurement of rank 0. A job that moved to another node has a series of each until the old one is forgotten."""
    return query(f"max by (job_id, instance{more}) (simclr_train_{name}{{JOBS}})", legend)


def _state():
    eta = query("clamp_min(max by (job_id) (simclr_job_eta_timestamp_seconds{JOBS}) - time(), 0)", EACH)
    facts = query("max by (job_id, name, owner, encoder, source) (simclr_job_info{JOBS})")
    return [
        table("Jobs", "What is trained on what.", "none", [(None, facts, "none", None)], width=12, height=5,
              labels=(("job_id", "Id"), ("name", "Name"), ("owner", "Owner"), ("encoder", "Encoder"), ("source", "Images"))),
        stat("Progress", "Steps done of all steps.", "percentunit",
             [query("max by (job_id) (simclr_job_progress_ratio{JOBS})", EACH)], width=4, height=5, decimals=0),
        stat("Time left", "Until the last step, at the present speed.", "s", [eta], width=4, height=5,
             may_be_empty="the job does not run"),
        stat("Attempt", "1 if nothing has gone wrong; one more for each restart.", "none",
             [query("max by (job_id) (simclr_job_attempt{JOBS})", EACH)], ((None, GREEN), (2, ORANGE)), height=5),
        state_timeline("Phase", "The phase of each job over time.",
                       [query("max by (job_id, phase) (simclr_job_phase{JOBS}) == 1", "{{job_id}} {{phase}}")], JOB_PHASES, width=16),
        time_series("Attempts", "The attempt that runs.", "none",
                    [query("max by (job_id) (simclr_job_attempt{JOBS})", EACH)], height=6, least=0, decimals=0),
    ]


def _learning():
    chance = "max by (job_id) (simclr_train_contrastive_candidates{JOBS})"
    return [
        time_series("Loss", "NT-Xent, mean over the global batch.", "none", [_train("loss")], decimals=3),
        time_series("Contrastive accuracy", "How often the other view of an image is the nearest (top 1) or among the five"
                    " nearest (top 5) of the batch, with what chance gives.", "percentunit",
                    [_train("contrastive_accuracy_ratio", "{{job_id}} top {{topk}} on {{instance}}", ", topk"),
                     query(f"1 / {chance}", "{{job_id}} chance, top 1"), query(f"5 / {chance}", "{{job_id}} chance, top 5")],
                    least=0),
        time_series("Contrastive entropy", "Entropy of the softmax over the candidates, with what a uniform one has.", "none",
                    [_train("contrastive_entropy_nats"), query(f"ln({chance})", "{{job_id}} uniform")], least=0),
    ]


def _representation():
    return [
        time_series("Collapse", "Standard deviation of the normalised rows times the root of their width, of the embedding z"
                    " and the representation h: healthy are about 1 and 0.3 to 0.6, near 0 has collapsed.", "none",
                    [_train("embedding_std_normalized", "{{job_id}} {{space}} on {{instance}}", ", space")],
                    least=0, lines=((0.1, RED),)),
        time_series("Effective rank", "Directions that the embeddings really use (RankMe). Sees a collapse into few"
                    " directions, to which uniformity is blind.", "none", [_train("embedding_effective_rank")], least=0),
        time_series("Similarity", "Mean cosine of two views of one image, and of views of different images.", "none",
                    [_train("positive_similarity", "{{job_id}} same image on {{instance}}"),
                     _train("negative_similarity", "{{job_id}} other images on {{instance}}")], least=-1, most=1),
        time_series("Alignment", "Mean squared distance of the two views of an image; lower is better (Wang and Isola).", "none",
                    [_train("alignment")], least=0),
        time_series("Uniformity", "Logarithm of the mean Gaussian potential of all pairs; lower is more evenly spread.", "none",
                    [_train("uniformity")]),
    ]


def _optimisation():
    return [
        time_series("Learning rate", "As the schedule gives it.", "none", [_train("learning_rate")], width=6, least=0),
        time_series("Temperature", "Of the loss.", "none", [_train("temperature")], width=6, least=0),
        time_series("Gradient norm", "Of all gradients together, after averaging over the ranks.", "none", [_train("grad_norm")],
                    width=6, least=0),
        time_series("Non-finite values", "Attempts that ended because loss or gradient was not a number.", "none",
                    [query(total("increase", "simclr_train_nonfinite_total{JOBS}", "job_id"), EACH)], width=6,
                    least=0),
        time_series("Throughput", "Images a second over all ranks; an image has two views.", "none",
                    [query(total("rate", "simclr_train_images_total{JOBS}", "job_id"), EACH)], least=0),
        time_series("Epoch", "Epochs done.", "none", [_train("epoch")], least=0),
        time_series("Bad images", "Images that could not be decoded; another stood in for each.", "none",
                    [query(total("increase", 'simclr_loader_samples_total{JOBS, result="bad"}', "job_id"), EACH)],
                    least=0),
    ]


def _checkpoints():
    age = "time() - max by (job_id) (simclr_job_checkpoint_last_commit_timestamp_seconds{JOBS})"
    blocked = "max by (job_id) (rate(simclr_checkpoint_blocked_seconds_total{JOBS}[$__rate_interval]))"
    return [
        time_series("Checkpoint age", "Time since the last committed checkpoint: what a failure now would cost.", "s",
                    [query(age, EACH)], least=0),
        time_series("Checkpoint size", "Bytes of the last checkpoint.", "bytes",
                    [query("max by (job_id) (simclr_job_checkpoint_size_bytes{JOBS})", EACH)], least=0),
        time_series("Blocked by checkpoints", "Share of the time in which training stood still for a checkpoint.", "percentunit",
                    [query(blocked, EACH)], least=0),
    ]


def _quality():
    return [
        time_series("Linear evaluation", "Accuracy of a linear classifier on the frozen encoder, next to the encoder of step 0"
                    " and to nearest neighbours.", "percentunit",
                    [query("max by (job_id, topk) (simclr_job_linear_eval_accuracy_ratio{JOBS})", "{{job_id}} top {{topk}}"),
                     query("max by (job_id, topk) (simclr_job_linear_eval_random_accuracy_ratio{JOBS})",
                           "{{job_id}} top {{topk}}, random encoder"),
                     query("max by (job_id) (simclr_job_knn_accuracy_ratio{JOBS})", "{{job_id}} nearest neighbours")],
                    width=16, least=0, most=1, may_be_empty="no linear-eval job of this run has ended"),
        time_series("Evaluated step", "The step of the checkpoint that these accuracies belong to.", "none",
                    [query("max by (job_id) (simclr_job_linear_eval_step{JOBS})", EACH)], least=0,
                    may_be_empty="no linear-eval job of this run has ended"),
    ]


def build():
    rows = [("State", _state()), ("Learning", _learning()), ("Representation", _representation()),
            ("Optimisation", _optimisation()), ("Checkpoints", _checkpoints()), ("Quality", _quality())]
    jobs = query_variable("job_id", "Run", 'label_values(simclr_job_info{kind="pretrain"}, job_id)')
    return dashboard("simclr-run", "SimCLR / Run", "Does it learn, does it collapse, when is it done, how good is it?", rows,
                     variables=[jobs])

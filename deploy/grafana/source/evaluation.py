"""Evaluation: for whoever compares encoders. How good are they, and do the linear-eval jobs converge?"""

from source.dashboard import dashboard, query_variable
from source.panels import GREEN, ORANGE, RED, quantiles, query, stat, table, time_series, total, with_link

NONE_ENDED = "no linear-eval job has ended in the last 15 minutes"
NONE_RUNS = "no linear-eval job runs"
THIS_RUN = "/d/simclr-run?var-job_id=${__data.fields.Run}"
EACH = "{{job_id}}"
TRAINED = "simclr_job_linear_eval_accuracy_ratio{TARGETS, topk=\"%d\"}"
RANDOM = "simclr_job_linear_eval_random_accuracy_ratio{TARGETS, topk=\"%d\"}"


def _results():
    def newest(selector):
        return query(f"max by (job_id) ({selector})")

    gain = query(f"max by (job_id) ({TRAINED % 1}) - max by (job_id) ({RANDOM % 1})")
    columns = [("Top 1", newest(TRAINED % 1), "percentunit", None),
               ("Top 5", newest(TRAINED % 5), "percentunit", None),
               ("Random encoder, top 1", newest(RANDOM % 1), "percentunit", None),
               ("Gain", gain, "percentunit", ((None, RED), (0, ORANGE), (0.05, GREEN))),
               ("Nearest neighbours", newest("simclr_job_knn_accuracy_ratio{TARGETS}"), "percentunit", None),
               ("Step", newest("simclr_job_linear_eval_step{TARGETS}"), "none", None)]
    results = table("Latest results", "What the newest linear evaluation of each run found; the link leads to the run.", "none",
                    columns, width=16, labels=(("job_id", "Run"),), may_be_empty=NONE_ENDED)
    names = query('max by (job_id, name, owner) (simclr_job_info{TARGETS, kind="linear_eval"})')
    return [
        with_link(results, "Show the run", THIS_RUN),
        table("Evaluations", "Linear-eval jobs that have not ended, or ended in the last 15 minutes.", "none",
              [(None, names, "none", None)], width=8,
              labels=(("job_id", "Id"), ("name", "Name"), ("owner", "Owner"))),
    ]


def _course():
    accuracy = query("max by (job_id, topk) (simclr_eval_accuracy_ratio{JOBS})", "{{job_id}} top {{topk}}")
    return [
        time_series("Test accuracy", "Of the classifier on the test images, while it is trained.", "percentunit", [accuracy],
                    least=0, most=1, may_be_empty=NONE_RUNS),
        time_series("Training loss", "Of the classifier, mean over the epoch.", "none",
                    [query("max by (job_id) (simclr_eval_loss{JOBS})", EACH)], may_be_empty=NONE_RUNS),
        time_series("Epoch", "Epochs of the classifier.", "none",
                    [query("max by (job_id) (simclr_eval_epoch{JOBS})", EACH)], least=0, may_be_empty=NONE_RUNS),
    ]


def _jobs():
    duration = 'simclr_coordinator_job_phase_duration_seconds_bucket{TARGETS, kind="linear_eval", phase="running"}'
    ended = 'simclr_coordinator_jobs_finished_total{TARGETS, kind="linear_eval"}'
    return [
        stat("Progress", "Steps done of all steps.", "percentunit",
             [query("max by (job_id) (simclr_job_progress_ratio{JOBS})", EACH)], width=8, height=8,
             decimals=0),
        time_series("Duration", "Time that linear-eval jobs which ended recently had been running, p50 and p95.", "s",
                    quantiles(duration), least=0, may_be_empty="none ended recently"),
        time_series("Evaluations ended", "By phase.", "none",
                    [query(total("increase", ended, "phase"), "{{phase}}")], least=0),
    ]


def build():
    rows = [("Results", _results()), ("Course", _course()), ("Jobs", _jobs())]
    jobs = query_variable("job_id", "Evaluation", 'label_values(simclr_job_info{kind="linear_eval"}, job_id)')
    return dashboard("simclr-evaluation", "SimCLR / Evaluation", "How good are the encoders, do the evaluations converge?", rows,
                     variables=[jobs])

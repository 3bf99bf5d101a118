"""Performance: for whoever wants it faster. Where does a step's time go, which rank is slow, what waits for what?"""

from source.dashboard import DCGM, dashboard, query_variable
from source.panels import GREEN, ORANGE, RED, heat_map, quantiles, query, table, time_series, total

PHASES = "simclr_train_phase_seconds_total{RANKS%s}"
WAITING = "gather|allreduce_exposed|bn_sync"
STEPS = "simclr_train_steps_total{RANKS}"
STEP_TIMES = "simclr_train_step_duration_seconds_bucket{JOBS}"
NO_GPU = "there is no GPU, or its driver is not readable"
PHASE_COLOURS = (("data_wait", RED), ("h2d", "light-blue"), ("forward", "blue"), ("gather", "yellow"),
                 ("backward", "dark-blue"), ("allreduce_exposed", ORANGE), ("bn_sync", "light-orange"),
                 ("optimizer", GREEN), ("checkpoint", "purple"), ("other", "#8f8f8f"))
RANK = "{{job_id}} rank {{rank}}"


def _share(phases):
    """Seconds of these phases a second of training, of each rank."""
    by = "job_id, rank"
    return query(f"{total('rate', PHASES % phases, by)} / {total('rate', PHASES % '', by)}", RANK)


def _seconds_a_step(phases):
    by = "job_id, rank"
    return query(f"{total('rate', PHASES % phases, by)} / {total('rate', STEPS, by)}")


def _steps():
    phases = total("rate", PHASES % "", "phase")
    shares = query(f"{phases} / scalar({total('rate', PHASES % '')})", "{{phase}}")
    seconds = query(f"{phases} / scalar({total('rate', STEPS)})", "{{phase}}")
    return [
        time_series("Step time", "Duration of a step, p50 and p95 over all ranks.", "s",
                    quantiles(STEP_TIMES, ("job_id",), "{{job_id}}"), least=0),
        heat_map("Step times", "How the durations of steps spread.", "s", [query(total("increase", STEP_TIMES, "le"))]),
        time_series("Images a second", "Of each rank.", "none",
                    [query(total("rate", "simclr_train_images_total{RANKS}", "job_id, rank"), RANK)], least=0),
        time_series("Where a step's time goes", "Share of each part of the training thread's time, over the chosen ranks."
                    " data_wait: the loader is too slow. gather, allreduce_exposed, bn_sync: waiting for other ranks.",
                    "percentunit", [shares], width=16, height=10, stack=True, least=0, most=1, colours=PHASE_COLOURS),
        time_series("Seconds a step", "The same parts in seconds a step, mean over the chosen ranks.", "s", [seconds],
                    height=10, least=0, colours=PHASE_COLOURS),
    ]


def _ranks():
    return [
        table("Ranks", "Seconds a step in which a rank works, and in which it waits for the others. In synchronous training the"
              " slow rank is the one that waits least.", "s",
              [("Works", _seconds_a_step(f', phase!~"{WAITING}"'), "s", None),
               ("Waits", _seconds_a_step(f', phase=~"{WAITING}"'), "s", None)],
              width=8, labels=(("job_id", "Run"), ("rank", "Rank")), may_be_empty="nothing trains at this moment"),
        time_series("Straggler", "Work of the slowest rank over the median of all; above 1.3 one rank holds up the others.",
                    "none", [query('job_id:simclr_train_straggler:ratio5m{job_id=~"$job_id"}', "{{job_id}}")], least=0,
                    lines=((1.3, RED),)),
        time_series("Waiting for other ranks", "Share of each rank's time spent in gather, exposed all-reduce and batch norm's"
                    " collectives.", "percentunit", [_share(f', phase=~"{WAITING}"')], least=0, lines=((0.4, RED),)),
    ]


def _loader():
    busy = total("rate", "simclr_loader_busy_seconds_total{RANKS}", "job_id, stage")
    samples = total("rate", "simclr_loader_samples_total{JOBS}", "job_id, result")
    return [
        time_series("Waiting for data", "Share of each rank's time in which no batch was ready.", "percentunit",
                    [_share(', phase="data_wait"')], width=6, least=0, lines=((0.3, RED),)),
        time_series("Batches ready", "Batches in the loader's queue, and how many fit. Always empty: the loader is too slow.",
                    "none", [query("min by (job_id, rank) (simclr_loader_queue_depth{RANKS})", RANK),
                             query("max by (job_id) (simclr_loader_queue_capacity{RANKS})", "{{job_id}} capacity")],
                    width=6, least=0, decimals=0),
        time_series("Loader threads busy", "Threads that decode and augment, mean over time, of the chosen ranks together.",
                    "none", [query(busy, "{{job_id}} {{stage}}")], width=6, stack=True, least=0),
        time_series("Images read", "Images that the ranks were to train on: those read, and bad ones, for which another"
                    " stood in.", "ops",
                    [query(samples, "{{job_id}} {{result}}")], width=6, least=0),
    ]


def _checkpoints():
    blocked = "max by (job_id) (rate(simclr_checkpoint_blocked_seconds_total{JOBS}[$__rate_interval]))"
    return [
        time_series("Checkpoint writes", "Duration of the writes of checkpoints, p50 and p95, of all runs.", "s",
                    quantiles("simclr_checkpoint_write_seconds_bucket{TARGETS}"), least=0,
                    may_be_empty="none was written recently"),
        time_series("Blocked by checkpoints", "Share of the time in which training stood still for a checkpoint.",
                    "percentunit", [query(blocked, "{{job_id}}")], least=0),
        time_series("Checkpoint results", "Checkpoints written and failed, of all runs.", "none",
                    [query(total("increase", "simclr_checkpoint_writes_total{TARGETS}", "result"), "{{result}}")], least=0),
    ]


def _memory():
    allocated = query("max by (job_id, rank) (simclr_gpu_memory_allocated_bytes{RANKS})", f"{RANK} allocated")
    reserved = query("max by (job_id, rank) (simclr_gpu_memory_reserved_bytes{RANKS})", f"{RANK} reserved")
    return [
        time_series("Trainer memory", "Resident memory of each trainer.", "bytes",
                    [query("max by (job_id, rank) (simclr_trainer_memory_bytes{RANKS})", RANK)], width=12, least=0),
        time_series("GPU memory of LibTorch", "What LibTorch's allocator has handed out and what it keeps reserved; the DCGM"
                    " exporter cannot tell them apart.", "bytes", [allocated, reserved], width=12, least=0, may_be_empty=NO_GPU),
    ]


def _gpu(title, description, unit, metric, most=None):
    return time_series(title, description, unit, [query(f"{metric}{{TARGETS}}", "{{instance}} GPU {{gpu}}")], width=6,
                       least=0, most=most, may_be_empty=NO_GPU)


def _gpus():
    return [
        _gpu("GPU utilisation", "Share of the time in which a kernel ran.", "percentunit", "simclr_gpu_utilization_ratio", 1),
        _gpu("GPU memory", "Memory in use by all processes.", "bytes", "simclr_gpu_memory_used_bytes"),
        _gpu("GPU power", "Power drawn.", "watt", "simclr_gpu_power_watts"),
        _gpu("GPU temperature", "Of the chip.", "celsius", "simclr_gpu_temperature_celsius"),
    ]


def build():
    rows = [("Steps", _steps()), ("Ranks", _ranks()), ("Loader", _loader()), ("Checkpoints", _checkpoints()),
            ("Memory", _memory()), ("GPUs", _gpus())]
    jobs = query_variable("job_id", "Run", "label_values(simclr_train_steps_total, job_id)")
    ranks = query_variable("rank", "Rank", 'label_values(simclr_train_steps_total{job_id=~"$job_id"}, rank)')
    return dashboard("simclr-performance", "SimCLR / Performance", "Where does the time go, which rank is slow, what waits?",
                     rows, variables=[jobs, ranks], links=[DCGM])

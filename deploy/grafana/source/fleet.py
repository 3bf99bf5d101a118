"""Fleet: for whoever keeps the cluster running. Is everything up, do jobs move, which node is in trouble?"""

from source.dashboard import dashboard
from source.panels import GREEN, JOB_PHASES, ORANGE, RED, heat_map, quantiles, query, stat, table, time_series, total, with_link

HEALTHY_UNDER_1 = ((None, GREEN), (1, RED))
RUN_OF_THIS_ROW = "/d/simclr-run?var-job_id=${__data.fields.Id}"
ENDED = "succeeded|failed|cancelled"
OUR_CALLS = 'TARGETS, grpc_service=~"simclr[.].*"'  # other programs use the same names
OURS = "and on (job, instance) simclr_build_info{TARGETS}"


def _now():
    return [
        stat("Targets down", "Programs that Prometheus cannot scrape, by scrape job.", "none",
             [query("sum by (job) (1 - up{TARGETS})", "{{job}}")], HEALTHY_UNDER_1),
        stat("Workers", "Agents by state: unknown after 5 s of silence, lost after 15 s.", "none",
             [query("sum by (state) (simclr_coordinator_workers{TARGETS})", "{{state}}")]),
        stat("Jobs running", "Jobs that train or evaluate at this moment.", "none",
             [query('sum by (kind) (simclr_coordinator_jobs{TARGETS, phase="running"})', "{{kind}}")]),
        stat("Term", "The coordinator's fencing number; each start raises it.", "none",
             [query("max(simclr_coordinator_term{TARGETS})", "term")]),
        stat("Certificates", "Time until the first certificate of each role expires.", "s",
             [query("min by (role) (simclr_tls_certificate_expiry_timestamp_seconds{TARGETS}) - time()", "{{role}}")],
             ((None, RED), (86400, ORANGE), (7 * 86400, GREEN))),
        stat("Goodput", "Share of the slot seconds of the last hour that no restart threw away.", "percentunit",
             [query("simclr:goodput:ratio1h", "goodput")], ((None, RED), (0.8, ORANGE), (0.95, GREEN)), decimals=1),
        time_series("Alerts firing", "Firing alerts by name. Watchdog always fires: without it, alerts are not evaluated.",
                    "none", [query('count by (alertname, severity) (ALERTS{alertstate="firing"})', "{{alertname}} ({{severity}})")],
                    width=24, height=6, least=0, decimals=0),
    ]


def _jobs():
    progress = query("max by (job_id, name, kind, owner) (simclr_job_progress_ratio{TARGETS} * on (job, instance, job_id)"
                     " group_left (name, kind, owner) simclr_job_info{TARGETS})")
    attempt = query("max by (job_id) (simclr_job_attempt{TARGETS})")
    left = query("clamp_min(max by (job_id) (simclr_job_eta_timestamp_seconds{TARGETS}) - time(), 0)")
    jobs = table("Jobs", "Jobs that have not ended, or ended in the last 15 minutes. The link leads to the run.", "none",
                 [("Progress", progress, "percentunit", None), ("Attempt", attempt, "none", ((None, GREEN), (2, ORANGE))),
                  ("Time left", left, "s", None)],
                 labels=(("job_id", "Id"), ("name", "Name"), ("kind", "Kind"), ("owner", "Owner")))
    return [
        with_link(jobs, "Show the run", RUN_OF_THIS_ROW),
        time_series("Jobs by phase", "Jobs that have not ended, by phase.", "none",
                    [query(f'sum by (phase) (simclr_coordinator_jobs{{TARGETS, phase!~"{ENDED}"}})', "{{phase}}")],
                    width=12, stack=True, least=0, decimals=0, colours=JOB_PHASES),
        time_series("Why jobs wait", "Jobs that do not run, by the reason that describe shows.", "none",
                    [query("sum by (reason) (simclr_coordinator_jobs_pending{TARGETS})", "{{reason}}")],
                    stack=True, least=0, decimals=0),
        time_series("Demand and free slots", "Slots that queued jobs ask for, and slots that are free. Both above zero for"
                    " long: no set of free slots fits.", "none",
                    [query("sum by (device) (simclr_coordinator_queue_demand_slots{TARGETS})", "{{device}} asked for"),
                     query('sum by (device) (simclr_coordinator_slots{TARGETS, state="free"})', "{{device}} free")],
                    least=0, decimals=0),
        time_series("Slots", "Slots of all workers by state.", "none",
                    [query("sum by (device, state) (simclr_coordinator_slots{TARGETS})", "{{device}} {{state}}")],
                    stack=True, least=0, decimals=0),
        time_series("Oldest waiting job", "How long the job that was submitted first has been waiting, by kind.", "s",
                    [query("time() - min by (kind) (simclr_coordinator_queue_oldest_submit_timestamp_seconds{TARGETS})",
                           "{{kind}}")], least=0, may_be_empty="nothing waits"),
        time_series("Queue wait", "Time in the queue of the jobs that left it recently.", "s",
                    quantiles('simclr_coordinator_job_phase_duration_seconds_bucket{TARGETS, phase="queued"}'), least=0,
                    may_be_empty="no job left the queue recently"),
        heat_map("Time in phases", "How long jobs stayed in the phase that they left.", "s",
                 [query(total("increase", "simclr_coordinator_job_phase_duration_seconds_bucket{TARGETS}", "le"))]),
        time_series("Jobs ended", "Jobs that ended, by phase and reason.", "none",
                    [query(total("increase", "simclr_coordinator_jobs_finished_total{TARGETS}", "phase, reason"),
                           "{{phase}} {{reason}}")], least=0),
        time_series("Jobs submitted", "Jobs that were accepted, by kind.", "none",
                    [query(total("increase", "simclr_coordinator_jobs_submitted_total{TARGETS}", "kind"),
                           "{{kind}}")], least=0),
        time_series("Scheduling decisions", "What the scheduler decided about jobs, where it changed something.", "ops",
                    [query(total("rate", "simclr_coordinator_schedule_decisions_total{TARGETS}", "result"),
                           "{{result}}")], least=0),
    ]


def _workers():
    heartbeat = query("time() - max by (worker) (simclr_coordinator_worker_last_heartbeat_timestamp_seconds{TARGETS})")
    return [
        time_series("Workers by state", "Agents as the coordinator sees them: unknown after 5 s of silence, lost after 15 s.",
                    "none", [query("sum by (state) (simclr_coordinator_workers{TARGETS})", "{{state}}")], stack=True, least=0,
                    decimals=0, colours=(("connected", GREEN), ("unknown", ORANGE), ("lost", RED))),
        table("Heartbeat age", "Time since the coordinator heard of each worker.", "s",
              [("Age", heartbeat, "s", ((None, GREEN), (5, ORANGE), (15, RED)))], width=8, labels=(("worker", "Worker"),)),
        time_series("Heartbeats", "Heartbeats by result; anything but accepted deserves a look.", "ops",
                    [query(total("rate", "simclr_coordinator_heartbeats_total{TARGETS}", "result"), "{{result}}")],
                    least=0),
        time_series("Restarts", "New attempts by the failure that caused them; counted ones use up max_restarts.", "none",
                    [query(total("increase", "simclr_coordinator_restarts_total{TARGETS}", "class, counted") + " > 0",
                           "{{class}}, counted: {{counted}}")], least=0, may_be_empty="nothing was restarted"),
        time_series("Attempts ended", "Attempts that ended, by failure class.", "none",
                    [query(total("increase", "simclr_coordinator_attempts_ended_total{TARGETS}", "class"),
                           "{{class}}")], least=0),
        time_series("Workers lost", "Workers that were given up, by reason.", "none",
                    [query(total("increase", "simclr_coordinator_workers_lost_total{TARGETS}", "reason"),
                           "{{reason}}")], least=0),
        time_series("Work thrown away", "Slot seconds of training since the last checkpoint, thrown away by restarts.", "s",
                    [query(total("increase", "simclr_coordinator_lost_work_seconds_total{TARGETS}", "kind"),
                           "{{kind}}")], least=0),
        time_series("Agents connected", "1 while an agent has its stream to the coordinator.", "none",
                    [query("min by (instance) (simclr_worker_coordinator_connected{TARGETS})", "{{instance}}")],
                    least=0, most=1, decimals=0),
        time_series("Reports kept by agents", "Reports on the agents' disks that the coordinator does not have yet.", "none",
                    [query("sum by (instance) (simclr_worker_spooled_reports{TARGETS})", "{{instance}}")], least=0, decimals=0),
        time_series("Trainers", "Trainers that run, by what they do.", "none",
                    [query("sum by (activity) (simclr_worker_trainers{TARGETS})", "{{activity}}")], stack=True, least=0,
                    decimals=0),
        time_series("Trainer exits", "Trainers that ended, by failure class.", "none",
                    [query(total("increase", "simclr_worker_trainer_exits_total{TARGETS}", "class"), "{{class}}")],
                    least=0),
    ]


def _coordinator():
    return [
        time_series("Calls", "Calls that were answered, by method.", "reqps",
                    [query(total("rate", f"grpc_server_handled_total{{{OUR_CALLS}}}", "grpc_method"), "{{grpc_method}}")],
                    least=0),
        time_series("Calls that failed", "Calls that ended with a code other than OK; canceled ones are clients that went away.", "reqps",
                    [query(total("rate", f'grpc_server_handled_total{{{OUR_CALLS}, grpc_code!="OK"}}', "grpc_method, grpc_code")
                           + " > 0", "{{grpc_method}} {{grpc_code}}")], least=0, may_be_empty="no call failed"),
        time_series("Call latency", "p95 of the calls with one request and one answer.", "s",
                    quantiles(f'grpc_server_handling_seconds_bucket{{{OUR_CALLS}, grpc_type="unary"}}', ("grpc_method",),
                              "{{grpc_method}}", (0.95,)), least=0),
        time_series("Denied requests", "Requests refused for who made them, by reason.", "reqps",
                    [query(total("rate", 'simclr_auth_requests_total{TARGETS, result="denied"}', "reason"), "{{reason}}")],
                    least=0),
        time_series("Watchers", "Open calls that stream to a client: get -w, wait, logs -f, submit --follow.", "none",
                    [query("sum(simclr_coordinator_watch_subscribers{TARGETS})", "subscribers")], least=0, decimals=0),
        time_series("Scheduling time", "Duration of the scheduler's passes.", "s",
                    quantiles("simclr_coordinator_schedule_duration_seconds_bucket{TARGETS}"), least=0),
        time_series("Database transactions", "Duration of the transactions that make a change durable.", "s",
                    quantiles("simclr_coordinator_db_transaction_seconds_bucket{TARGETS}"), least=0),
        time_series("Database size", "The database and its write-ahead log.", "bytes",
                    [query("max(simclr_coordinator_db_size_bytes{TARGETS})", "database"),
                     query("max(simclr_coordinator_db_wal_size_bytes{TARGETS})", "write-ahead log")], least=0),
        time_series("Database errors", "Errors of SQLite by code.", "none",
                    [query(total("increase", "simclr_coordinator_db_errors_total{TARGETS}", "code"), "{{code}}")],
                    least=0),
        time_series("Refused writes", "Reports of attempts that had been replaced: the fencing at work.", "none",
                    [query(total("increase", "simclr_coordinator_stale_writes_total{TARGETS}", "operation"),
                           "{{operation}}")], least=0),
        time_series("Checkpoints committed", "Checkpoints that the coordinator was asked to commit, by result.", "none",
                    [query(total("increase", "simclr_coordinator_checkpoint_commits_total{TARGETS}", "result"),
                           "{{result}}")], least=0),
        time_series("Series dropped", "Series of jobs that were not exported because there were too many.", "none",
                    [query(total("increase", "simclr_metrics_series_dropped_total{TARGETS}"), "dropped")], least=0),
    ]


def _programs():
    each = "{{job}} {{instance}}"
    return [
        time_series("Memory", "Resident memory of coordinator and agents; trainers are on the performance dashboard.", "bytes",
                    [query(f"process_resident_memory_bytes{{TARGETS}} {OURS}", each)], least=0),
        time_series("Processor", "Cores that coordinator and agents use.", "none",
                    [query(f"rate(process_cpu_seconds_total{{TARGETS}}[$__rate_interval]) {OURS}", each)], least=0),
        time_series("Open files", "File descriptors in use, as a share of the limit.", "percentunit",
                    [query(f"process_open_fds{{TARGETS}} / process_max_fds{{TARGETS}} {OURS}", each)], least=0,
                    lines=((0.8, RED),)),
    ]


def build():
    rows = [("Now", _now()), ("Jobs", _jobs()), ("Workers", _workers()), ("Coordinator", _coordinator()),
            ("Programs", _programs())]
    return dashboard("simclr-fleet", "SimCLR / Fleet", "Is everything up, do jobs move, which node is in trouble?", rows)

#include "common/job/render.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "common/job/items_writer.h"
#include "simclr/v1/cluster_service.pb.h"

namespace simclr {
namespace {

TEST(Render, WritesAJobAsScriptsWantIt) {
  v1::Job job;
  job.set_id("j-1");
  job.mutable_status()->set_phase(v1::PHASE_RUNNING);
  job.mutable_status()->set_reason(v1::REASON_WAITING_FOR_CAPACITY);
  (*job.mutable_status()->mutable_results())["knn/top1"] = 0.25;
  (*job.mutable_status()->mutable_results())["a"] = std::numeric_limits<double>::infinity();
  job.mutable_status()->mutable_submitted_at()->set_seconds(1);
  job.mutable_status()->mutable_submitted_at()->set_nanos(500000000);
  EXPECT_EQ(ToJson(job), R"({
  "id": "j-1",
  "status": {
    "phase": "RUNNING",
    "reason": "waiting-for-capacity",
    "message": "",
    "failure": "",
    "attempt": 0,
    "step": 0,
    "total_steps": 0,
    "epoch": 0,
    "resumed_from_step": 0,
    "restarts": 0,
    "results": {
      "a": null,
      "knn/top1": 0.25
    },
    "submitted_at": "1970-01-01T00:00:01.500Z",
    "started_at": null,
    "ended_at": null,
    "not_before": null,
    "precision": "",
    "placement": [],
    "attempts": [],
    "phase_since": null
  },
  "owner": ""
}
)");
}

TEST(Render, WritesListsNumbersAndDurations) {
  v1::Checkpoint checkpoint;
  checkpoint.set_bytes(5000000000);
  checkpoint.mutable_write_time()->set_seconds(1);
  checkpoint.mutable_write_time()->set_nanos(250000000);
  EXPECT_NE(ToJson(checkpoint).find("\"bytes\": 5000000000"), std::string::npos);
  EXPECT_NE(ToJson(checkpoint).find("\"write_time\": 1.25"), std::string::npos);
  EXPECT_NE(ToJson(v1::Checkpoint()).find("\"write_time\": null"), std::string::npos);
  v1::Worker worker;
  worker.set_name("w\"1\n");
  worker.set_state(v1::WORKER_STATE_CONNECTED);
  worker.add_slots()->set_device(v1::DEVICE_CUDA);
  std::ostringstream out;
  ItemsWriter writer(out, ItemsWriter::Form::kJson);
  writer.Add(worker);
  writer.End();
  const std::string items = out.str();
  EXPECT_EQ(items.rfind("{\n  \"items\": [\n    {\n      \"name\": \"w\\\"1\\n\"", 0), 0u) << items;
  EXPECT_NE(items.find("\"device\": \"cuda\""), std::string::npos);
  EXPECT_NE(ToYaml(worker).find("slots:\n  - index: 0\n    device: cuda\n"), std::string::npos)
      << ToYaml(worker);
}

}  // namespace
}  // namespace simclr

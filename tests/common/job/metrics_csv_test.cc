#include "common/job/metrics_csv.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TEST(MetricsCsv, HasAColumnForEachValueThatOccurs) {
  std::vector<v1::StepMetrics> samples(2);
  samples[0].set_step(1);
  samples[0].set_attempt(1);
  samples[0].mutable_at()->set_seconds(10);
  (*samples[0].mutable_values())["loss"] = 5.5;
  samples[1].set_step(2);
  samples[1].set_attempt(2);
  samples[1].set_epoch(0.5);
  (*samples[1].mutable_values())["lr"] = 0.1;
  EXPECT_EQ(MetricsCsv(samples),
            "step,epoch,attempt,time,loss,lr\n"
            "1,0,1,1970-01-01T00:00:10.000Z,5.5,\n2,0.5,2,1970-01-01T00:00:00.000Z,,0.1\n");
}

TEST(MetricsCsv, IsAHeaderWhereNothingWasMeasured) {
  EXPECT_EQ(MetricsCsv({}), "step,epoch,attempt,time\n");
}

}  // namespace
}  // namespace simclr

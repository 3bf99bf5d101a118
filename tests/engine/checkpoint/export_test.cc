#include "engine/checkpoint/export.h"

#include <map>

#include "engine/base/safetensors.h"
#include "engine/checkpoint/load_encoder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_directory.h"

namespace simclr::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ModelConfig TinyModel() {
  ModelConfig model;
  model.encoder = "resnet18";
  model.width = 0.125;
  model.stem = Stem::kCifar;
  model.head.out = 16;
  return model;
}

class ExportTest : public ::testing::Test {
 protected:
  std::unique_ptr<SimclrModel> Make(std::uint64_t seed) {
    return *SimclrModel::Create(TinyModel(), seed, group_.get());
  }

  std::string Export(const SimclrModel& model) {
    JobConfig job;
    job.model = TinyModel();
    const auto store = MakeDirectoryStore(directory_.path(), PosixFileSystem());
    const absl::Status status = ExportEncoder(*store, "export", DescribeEncoder(job, model.features()),
                                              model.EncoderState(), model.HeadState());
    EXPECT_TRUE(status.ok()) << status;
    return directory_ / "export";
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Collective> group_ = MakeLocalCollective();
};

TEST_F(ExportTest, WritesTheFourFiles) {
  EXPECT_THAT(*PosixFileSystem().List(Export(*Make(1))),
              ElementsAre("config.json", "encoder.py", "head.safetensors", "model.safetensors"));
}

TEST_F(ExportTest, IsLoadedByLoadEncoderAsDirectoryAndAsFile) {
  const auto trained = Make(1);
  const std::string path = Export(*trained);
  for (const std::string& source : {path, path + "/model.safetensors"}) {
    const auto other = Make(2);
    ASSERT_TRUE(LoadEncoder(source, *other).ok());
    for (std::size_t i = 0; i < trained->EncoderState().size(); ++i) {
      EXPECT_TRUE(at::equal(other->EncoderState()[i].tensor, trained->EncoderState()[i].tensor));
    }
  }
}

TEST_F(ExportTest, GivesEveryNormOfTheHeadABias) {
  std::map<std::string, at::Tensor> head;
  const SafetensorsFile file = *ReadSafetensors(Export(*Make(1)) + "/head.safetensors");
  for (const NamedTensor& entry : file.tensors) head[entry.name] = entry.tensor;
  for (const char* layer : {"layers.0.", "layers.1."}) {
    for (const char* name :
         {"linear.weight", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"}) {
      EXPECT_EQ(head.count(std::string(layer) + name), 1u) << layer << name;
    }
  }
  EXPECT_EQ(head.size(), 10u);
  EXPECT_TRUE(at::equal(head["layers.1.norm.bias"], at::zeros({16})));
}

TEST_F(ExportTest, NamesTheTensorThatAFileLacks) {
  SafetensorsFile file;
  const NamedTensors state = Make(1)->EncoderState();
  for (const NamedTensor& entry : state) {
    if (entry.name != "layer2.0.conv1.weight") file.tensors.push_back({entry.name, entry.tensor.detach()});
  }
  ASSERT_TRUE(WriteSafetensors(directory_ / "other.safetensors", file).ok());
  const absl::Status status = LoadEncoder(directory_ / "other.safetensors", *Make(2));
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("layer2.0.conv1.weight"));
}

TEST_F(ExportTest, NamesTheMissingPath) {
  EXPECT_THAT(std::string(LoadEncoder(directory_ / "nowhere", *Make(2)).message()), HasSubstr("nowhere"));
}

}  // namespace
}  // namespace simclr::engine

#include "engine/data/file_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/engine/data/temporary_directory.h"
#include "tests/engine/data/test_images.h"

namespace simclr::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Names(const Dataset& dataset) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < dataset.size(); ++i) names.push_back(dataset.name(i));
  return names;
}

std::shared_ptr<const Dataset> OpenTarOf(const TemporaryDirectory& directory, const std::string& bytes) {
  auto dataset = OpenTar(directory.Write("images.tar", bytes), "train");
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return dataset.ok() ? *dataset : nullptr;
}

std::string PaxRecord(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;  // blank, equals, newline
  const std::size_t length = rest + absl::StrCat(rest + 2).size();
  return absl::StrCat(length, " ", key, "=", value, "\n");
}

TEST(FolderDataset, ReadsClassFolders) {
  const TemporaryDirectory directory;
  directory.Write("dog/1.png", MakeJpeg(10, 20, 30));  // content counts, not the name
  directory.Write("cat/2.jpg", MakeJpeg(200, 0, 0));
  directory.Write("cat/.hidden.jpg", "x");
  const auto dataset = OpenFolder(directory.path(), "train");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_THAT((*dataset)->classes(), ElementsAre("cat", "dog"));
  EXPECT_THAT(Names(**dataset), ElementsAre("cat/2.jpg", "dog/1.png"));
  EXPECT_EQ((*dataset)->label(1), 1);
  EXPECT_TRUE((*dataset)->labelled());
  EXPECT_NEAR((*dataset)->Read(0)->pixels[0], 200, 3);
}

TEST(FolderDataset, AFlatFolderHasNoLabels) {
  const TemporaryDirectory directory;
  directory.Write("b.jpg", MakeJpeg(1, 2, 3));
  directory.Write("a.jpg", MakeJpeg(1, 2, 3));
  const auto dataset = OpenFolder(directory.path(), "train");
  ASSERT_TRUE(dataset.ok());
  EXPECT_FALSE((*dataset)->labelled());
  EXPECT_THAT(Names(**dataset), ElementsAre("a.jpg", "b.jpg"));
}

TEST(FolderDataset, NamesTheFileThatCannotBeDecoded) {
  const TemporaryDirectory directory;
  directory.Write("cat/notes.jpg", "text");
  const auto dataset = OpenFolder(directory.path(), "train");
  ASSERT_TRUE(dataset.ok());
  const auto image = (*dataset)->Read(0);
  EXPECT_EQ(image.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(image.status().message()), HasSubstr("cat/notes.jpg"));
}

TEST(FolderDataset, WritesNamesThatAreNoTextInEscapes) {
  const TemporaryDirectory directory;
  directory.Write("cat/line\n\x1b[2J.jpg", "text");
  directory.Write("caf\xe9/caf\xe9.jpg", MakeJpeg(1, 2, 3));
  const auto dataset = OpenFolder(directory.path(), "train");
  ASSERT_TRUE(dataset.ok());
  EXPECT_THAT(Names(**dataset), ElementsAre("caf\\xe9/caf\\xe9.jpg", "cat/line\\x0a\\x1b[2J.jpg"));
  EXPECT_TRUE((*dataset)->Read(0).ok());
  EXPECT_THAT(std::string((*dataset)->Read(1).status().message()), HasSubstr("cat/line\\x0a\\x1b[2J.jpg"));
  EXPECT_THAT(std::string(OpenFolder(directory.path() + "/no\xe9", "train").status().message()),
              HasSubstr("no\\xe9 does not exist"));
}

TEST(TarDataset, WritesNamesThatAreNoTextInEscapes) {
  const TemporaryDirectory directory;
  const std::string member = TarMember("caf\xe9\n.jpg", std::string(2000, 'x'));
  const auto dataset = OpenTarOf(directory, member + TarEnd());
  ASSERT_NE(dataset, nullptr);
  EXPECT_THAT(Names(*dataset), ElementsAre("caf\\xe9\\x0a.jpg"));
  EXPECT_THAT(
      std::string(OpenTar(directory.Write("cut.tar", member.substr(0, 1500)), "train").status().message()),
      HasSubstr("cut off: caf\\xe9\\x0a.jpg"));
}

TEST(TarDataset, ReadsMembersInPlace) {
  const TemporaryDirectory directory;
  const auto dataset =
      OpenTarOf(directory, TarMember("./train/", "", '5') + TarMember("./train/dog/", "", '5') +
                               TarMember("./train/dog/1.jpg", MakeJpeg(10, 20, 30)) +
                               TarMember("./train/cat/1.jpg", MakeJpeg(200, 0, 0)) +
                               TarMember("./test/cat/2.jpg", MakeJpeg(1, 1, 1)) + TarEnd());
  ASSERT_NE(dataset, nullptr);
  EXPECT_THAT(Names(*dataset), ElementsAre("train/cat/1.jpg", "train/dog/1.jpg"));
  EXPECT_NEAR(dataset->Read(0)->pixels[0], 200, 3);
  EXPECT_NEAR(dataset->Read(1)->pixels[0], 10, 3);
}

TEST(TarDataset, KnowsUstarPaxAndGnuNames) {
  const std::string deep = std::string(120, 'd') + "/" + std::string(130, 'f') + ".jpg";
  const std::string image = MakeJpeg(1, 2, 3);
  const TemporaryDirectory directory;
  const auto dataset = OpenTarOf(
      directory, TarMember("one.jpg", image, '0', "prefix/folder") +
                     TarMember("pax", PaxRecord("mtime", "1.5") + PaxRecord("path", "b/" + deep), 'x') +
                     TarMember("short", image) + TarMember("././@LongLink", "a/" + deep + '\0', 'L') +
                     TarMember("short", image) + TarMember("c/plain.jpg", image) + TarEnd());
  ASSERT_NE(dataset, nullptr);
  EXPECT_THAT(Names(*dataset), ElementsAre("a/" + deep, "b/" + deep, "c/plain.jpg", "prefix/folder/one.jpg"));
  EXPECT_THAT(dataset->classes(), ElementsAre("a", "b", "c", "prefix"));
  for (std::int64_t i = 0; i < dataset->size(); ++i) EXPECT_TRUE(dataset->Read(i).ok());
}

TEST(TarDataset, SaysWhyAnArchiveIsRefused) {
  const TemporaryDirectory directory;
  const std::string member = TarMember("a.jpg", std::string(2000, 'x'));
  const auto message = [&](const std::string& bytes) {
    const auto dataset = OpenTar(directory.Write("bad.tar", bytes), "train");
    EXPECT_EQ(dataset.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(dataset.status().message());
  };
  EXPECT_THAT(message(""), HasSubstr("not a tar archive"));
  EXPECT_THAT(message("\x1F\x8B" + std::string(600, 'z')), HasSubstr("uncompress it first"));
  EXPECT_THAT(message(member.substr(0, 1500)), HasSubstr("cut off"));
  EXPECT_THAT(message(member + std::string(512, 'q')), HasSubstr("damaged"));
  EXPECT_THAT(message(TarMember("pax", "garbage", 'x') + member), HasSubstr("damaged"));
  EXPECT_THAT(message(TarEnd()), HasSubstr("holds no images"));
}

TEST(FolderDataset, TellsOfListedFilesAndOfBytesThatAreRead) {
  TemporaryDirectory directory;
  directory.Write("cat/1.png", "not a png");
  directory.Write("dog/2.png", "nor this");
  std::int64_t files = 0, bytes = 0;
  const auto dataset = OpenFolder(directory.path(), "train", [&](std::int64_t listed, std::int64_t read) {
    files += listed;
    bytes += read;
  });
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(files, 2);
  EXPECT_EQ(bytes, 0);
  EXPECT_FALSE((*dataset)->Read(0).ok());
  EXPECT_EQ(bytes, 9);
}

}  // namespace
}  // namespace simclr::engine

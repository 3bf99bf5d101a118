#include "coordinator/collect/artifact_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

namespace fs = std::filesystem;

constexpr char kJob[] = "j-000000000001-aaaa";

class Tree : public ::testing::Test {
 protected:
  Tree() {
    fs::create_directories(Root(kJob));
    fs::create_directories(Outside("deep"));
    for (const char* name : {"a", "deep/b"}) Write(Outside(name));
  }

  std::string Root(const std::string& name) const { return directory_ / ("root/" + name); }
  std::string Outside(const std::string& name) const { return directory_ / ("outside/" + name); }

  static void Write(const std::string& path) { std::ofstream(path) << "bytes"; }

  bool OutsideIsWhole() const { return fs::exists(Outside("a")) && fs::exists(Outside("deep/b")); }

  absl::Status Remove(const std::string& path) {
    bytes_ = 0;
    return tree_.Remove(path, bytes_);
  }

  TemporaryDirectory directory_;
  ArtifactRoot tree_{directory_ / "root"};
  std::int64_t bytes_ = 0;
};

TEST_F(Tree, RemovesADirectoryWithAllThatIsInIt) {
  const std::string path = std::string(kJob) + "/checkpoints/a1-s5";
  fs::create_directories(Root(path + "/more/and more"));
  Write(Root(path + "/model"));
  Write(Root(path + "/more/\xff\n*"));
  ASSERT_EQ(::mkfifo(Root(path + "/pipe").c_str(), 0600), 0);
  EXPECT_TRUE(Remove(path).ok());
  EXPECT_FALSE(fs::exists(Root(path)));
  EXPECT_TRUE(fs::exists(Root(std::string(kJob) + "/checkpoints")));
  EXPECT_EQ(bytes_, 10);
  EXPECT_TRUE(Remove(path).ok()) << "what is not there";
}

TEST_F(Tree, RemovesLinksButNotWhatTheyName) {
  const std::string path = std::string(kJob) + "/checkpoints";
  fs::create_directories(Root(path));
  fs::create_directory_symlink(Outside(""), Root(path + "/out"));
  fs::create_symlink(Outside("a"), Root(path + "/a"));
  fs::create_hard_link(Outside("a"), Root(path + "/hard"));
  EXPECT_TRUE(Remove(path).ok());
  EXPECT_FALSE(fs::exists(Root(path)));
  EXPECT_TRUE(OutsideIsWhole());
  fs::create_directory_symlink(Outside(""), Root(path));
  EXPECT_TRUE(Remove(path + "/deep").ok());
  EXPECT_TRUE(OutsideIsWhole()) << "a link on the way is not followed";
  EXPECT_TRUE(Remove(path).ok());
  EXPECT_FALSE(fs::is_symlink(Root(path)));
  EXPECT_TRUE(OutsideIsWhole());
}

TEST_F(Tree, RefusesPathsThatAreNotBelowAJob) {
  for (const std::string& path :
       {std::string(), std::string("."), std::string(".."), std::string("/"), std::string("notes"),
        std::string(kJob) + "/../outside", std::string(kJob) + "//a", std::string(kJob) + "/",
        "/" + std::string(kJob), "x/" + std::string(kJob), std::string(kJob) + "/.",
        std::string(kJob) + std::string("/a\0b", 4)}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Remove(path))) << path;
  }
  EXPECT_TRUE(fs::exists(Root(kJob)));
}

TEST_F(Tree, ListsWhatIsADirectoryItself) {
  fs::create_directories(Root(std::string(kJob) + "/b"));
  fs::create_directory_symlink(Outside(""), Root(std::string(kJob) + "/c"));
  Write(Root(std::string(kJob) + "/a"));
  const std::vector<DirectoryEntry> entries = tree_.List(kJob).value();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_FALSE(entries[0].is_directory);
  EXPECT_TRUE(entries[1].is_directory);
  EXPECT_FALSE(entries[2].is_directory) << "a link";
  EXPECT_TRUE(absl::IsNotFound(tree_.List(std::string(kJob) + "/c").status()));
  EXPECT_EQ(tree_.List("").value().size(), 1u);
}

TEST_F(Tree, ReadsSmallRegularFilesAlone) {
  Write(Root(std::string(kJob) + "/a"));
  fs::create_symlink(Outside("a"), Root(std::string(kJob) + "/link"));
  EXPECT_EQ(tree_.Read(std::string(kJob) + "/a", 5).value(), "bytes");
  EXPECT_TRUE(absl::IsInvalidArgument(tree_.Read(std::string(kJob) + "/a", 4).status()));
  EXPECT_TRUE(absl::IsNotFound(tree_.Read(std::string(kJob) + "/link", 5).status()));
  EXPECT_TRUE(absl::IsNotFound(tree_.Size(kJob).status()));
}

// Random trees of directories, files and links to the outside, while somebody exchanges directories for
// links.
TEST_F(Tree, NeverTouchesWhatIsOutside) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> directories = {std::string(kJob) + "/checkpoints"};
    fs::create_directories(Root(directories[0]));
    for (int i = 0; i < 30; ++i) {
      const std::string path =
          directories[random() % directories.size()] + "/n" + std::to_string(i) + "\n\xff";
      switch (random() % 4) {
        case 0:
          fs::create_directories(Root(path));
          directories.push_back(path);
          break;
        case 1:
          Write(Root(path));
          break;
        case 2:
          fs::create_directory_symlink(Outside(random() % 2 == 0 ? "" : "deep"), Root(path));
          break;
        default:
          fs::create_symlink(Outside("a"), Root(path));
      }
    }
    std::atomic<bool> stop{false};
    const std::string victim = Root(directories.back()), aside = Root(std::string(kJob) + "/aside");
    std::thread intruder([&] {
      while (!stop) {
        std::error_code ignored;
        fs::rename(victim, aside, ignored);
        fs::create_directory_symlink(Outside(""), victim, ignored);
        fs::remove(victim, ignored);
        fs::rename(aside, victim, ignored);
      }
    });
    for (int i = 0; i < 3; ++i) Remove(directories[0]).IgnoreError();
    stop = true;
    intruder.join();
    ASSERT_TRUE(OutsideIsWhole());
    std::error_code ignored;
    fs::remove_all(aside, ignored);
    ASSERT_TRUE(Remove(directories[0]).ok());
    ASSERT_FALSE(fs::exists(fs::symlink_status(Root(directories[0]))));
  }
}

}  // namespace
}  // namespace simclr::coordinator

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace simclr::engine {

// Which files of a folder or archive are images of a split, and of which class.
struct FileLayout {
  std::vector<std::size_t> files;  // places in the list of paths, sorted bytewise by path
  std::vector<int> labels;         // of each of `files`
  std::vector<std::string> classes;
};

// Sorts relative paths ("a/b.jpg") into classes by the first of these that fits:
//   <split>/...        the files below it, by the rules that follow; other splits are left out
//   <folder>/...       a single folder that holds only folders is looked through
//   <class>/...        class folders (deeper folders belong to their class); loose files beside them are left
//   out flat files         one class, ""
// Paths with a hidden part (".x") are ignored. Pure; thread-safe.
FileLayout ArrangeFiles(const std::vector<std::string>& paths, const std::string& split);

}  // namespace simclr::engine

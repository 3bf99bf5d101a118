#pragma once

#include <google/protobuf/message.h>

#include <iosfwd>

namespace simclr {

// Writes {"items": [...]} as ToJson and ToYaml write a message, item by item: a long list is on the screen
// before its end is known. Not thread-safe.
class ItemsWriter {
 public:
  enum class Form { kJson, kYaml };
  // `out` outlives the writer.
  ItemsWriter(std::ostream& out, Form form) : out_(out), form_(form) {}

  void Add(const google::protobuf::Message& item);
  // Once, last.
  void End();

 private:
  void Begin();

  std::ostream& out_;
  const Form form_;
  bool empty_ = true;
};

}  // namespace simclr

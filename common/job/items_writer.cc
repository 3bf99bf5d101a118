#include "common/job/items_writer.h"

#include <ostream>

#include "common/job/render.h"
#include "common/job/text_tree.h"

namespace simclr {

void ItemsWriter::Begin() {
  out_ << (form_ == Form::kJson ? "{\n  \"items\": [" : "items:");
}

void ItemsWriter::Add(const google::protobuf::Message& item) {
  if (empty_) Begin();
  if (form_ == Form::kJson) {
    out_ << (empty_ ? "\n    " : ",\n    ") << WriteJsonPart(TreeOf(item), 2);
  } else {
    out_ << (empty_ ? "\n" : "") << WriteYamlItem(TreeOf(item), 1);
  }
  empty_ = false;
}

void ItemsWriter::End() {
  if (empty_) Begin();
  if (form_ == Form::kJson) {
    out_ << (empty_ ? "]\n}\n" : "\n  ]\n}\n");
  } else {
    out_ << (empty_ ? " []\n" : "");
  }
}

}  // namespace simclr

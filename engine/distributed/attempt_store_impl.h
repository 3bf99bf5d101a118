#pragma once

#include <string>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

#include "engine/distributed/collective.h"

namespace simclr::engine {

// What attempt_store.cc opens and c10d_collective.cc builds groups over; nobody else sees c10d's store.
class AttemptStore::Impl {
 public:
  Impl(c10::intrusive_ptr<c10d::TCPStore> store, std::string endpoint)
      : store_(std::move(store)), endpoint_(std::move(endpoint)) {}

  const c10::intrusive_ptr<c10d::TCPStore>& store() const { return store_; }
  const std::string& endpoint() const { return endpoint_; }

 private:
  const c10::intrusive_ptr<c10d::TCPStore> store_;
  const std::string endpoint_;
};

}  // namespace simclr::engine

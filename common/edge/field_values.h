#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>

namespace simclr {

// One value of a message by reflection: that of a field, or the one at `index` of a list. Reads only.
struct FieldValueRef {
  const google::protobuf::Message& message;
  const google::protobuf::FieldDescriptor& field;
  int index = -1;  // -1: the field is no list

  std::string Text() const;                       // of a string or bytes
  int Word() const;                               // of an enum
  const google::protobuf::Message& Part() const;  // of a message
  double Number() const;                          // of anything else
  std::string NumberInWords() const;              // all its digits
};

// Replaces a number; it must be one of the field's type.
void SetNumber(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, int index,
               double number);
void SetText(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, int index,
             std::string text);

// Whether a time is one that its type can hold: JSON cannot show others.
bool IsValid(const google::protobuf::Timestamp& time);
bool IsValid(const google::protobuf::Duration& duration);
double SecondsOf(const google::protobuf::Duration& duration);

}  // namespace simclr

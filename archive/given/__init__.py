"""Values as people give them, each kind decided in one place: positions, times, columns of tables. No Django.

Every page, service, list, upload and command asks here. Either the whole of a notation is known, or it is refused in a
sentence that names the value and says what would be right; nothing is guessed.
"""

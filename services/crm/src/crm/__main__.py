from shared.main import main

from crm.app import SERVICE

if __name__ == "__main__":
    main(SERVICE)
